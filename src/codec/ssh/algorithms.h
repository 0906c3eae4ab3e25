// SPDX-License-Identifier: Apache-2.0
// The algorithms of the transport by name, the default lists, and the choice between two lists (RFC 4253 §7.1).
// Runs in the untrusted workers; tables only.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/ssh/transport.h"
#include "keys/exchange_hash.h"

namespace sallyport::codec::ssh {

enum class CipherKind { aes_gcm, chacha20_poly1305, aes_ctr, cbc };

struct CipherAlgorithm {
  std::string_view name;
  CipherKind kind;
  std::size_t key_bytes;
  std::size_t iv_bytes;
  const char* library_name;  ///< of the cipher in OpenSSL
  bool authenticates() const { return kind != CipherKind::aes_ctr && kind != CipherKind::cbc; }
};

enum class MacOrder { encrypt_then_mac, encrypt_and_mac };

struct MacAlgorithm {
  std::string_view name;
  std::size_t key_bytes;  ///< also the tag's length
  const char* digest;     ///< OpenSSL's name
  MacOrder order;
};

enum class AlgorithmClass { kex, cipher, mac, host_key };

const CipherAlgorithm* find_cipher(std::string_view name);
const MacAlgorithm* find_mac(std::string_view name);
std::optional<keys::KexMethod> find_kex(std::string_view name);

/// Whether a configuration, or a target, may name it. A server knows fewer methods than a client: the broker sees to it
/// that it is told none of the others.
bool is_known_algorithm(AlgorithmClass kind, std::string_view name);

/// What is offered when the configuration says nothing; nothing of what is only for old peers. Towards targets AES-GCM
/// comes first, for speed.
std::span<const std::string_view> default_algorithms(AlgorithmClass kind, Role role);
/// Signature algorithms for users' keys, told in server-sig-algs.
std::span<const std::string_view> default_server_sig_algs();

/// The first of the client's names that the server has too.
std::optional<std::string_view> choose(std::span<const std::string_view> client,
                                       std::span<const std::string_view> server);

}  // namespace sallyport::codec::ssh
