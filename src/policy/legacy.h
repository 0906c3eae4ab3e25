// SPDX-License-Identifier: Apache-2.0
// SSH algorithms that are offered to an old target only when its resource names them. Trusted side; a table.
#pragma once

#include <string_view>

namespace sallyport::policy {

enum class AlgorithmKind { kex, host_key, cipher, mac };

struct LegacyAlgorithm {
  std::string_view name;
  AlgorithmKind kind;
};

/// Of each kind the least bad one first: in this order they follow what is offered anyway.
inline constexpr LegacyAlgorithm kLegacyAlgorithms[] = {
    {"diffie-hellman-group-exchange-sha256", AlgorithmKind::kex},
    {"diffie-hellman-group14-sha1", AlgorithmKind::kex},
    {"diffie-hellman-group-exchange-sha1", AlgorithmKind::kex},
    {"diffie-hellman-group1-sha1", AlgorithmKind::kex},
    {"ssh-rsa", AlgorithmKind::host_key},
    {"aes256-cbc", AlgorithmKind::cipher},
    {"aes192-cbc", AlgorithmKind::cipher},
    {"aes128-cbc", AlgorithmKind::cipher},
    {"3des-cbc", AlgorithmKind::cipher},
    {"hmac-sha2-512", AlgorithmKind::mac},
    {"hmac-sha2-256", AlgorithmKind::mac},
    {"hmac-sha1", AlgorithmKind::mac},
};

}  // namespace sallyport::policy
