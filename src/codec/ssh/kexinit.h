// SPDX-License-Identifier: Apache-2.0
// SSH_MSG_KEXINIT and what two of them agree on (RFC 4253 §7.1, RFC 8308 §2.1, strict key exchange of OpenSSH's
// PROTOCOL §1.10). Runs in the untrusted workers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "codec/ssh/algorithms.h"

namespace sallyport::codec::ssh {

enum class ExchangeKind { first, repeated };

// Names that stand among the methods of a first KEXINIT and are none.
inline constexpr std::string_view kExtInfoClient = "ext-info-c";
inline constexpr std::string_view kExtInfoServer = "ext-info-s";
inline constexpr std::string_view kStrictClient = "kex-strict-c-v00@openssh.com";
inline constexpr std::string_view kStrictServer = "kex-strict-s-v00@openssh.com";

/// As received; points into the payload.
struct KexInit {
  std::vector<std::string_view> kex;
  std::vector<std::string_view> host_key_algorithms;
  std::vector<std::string_view> ciphers_up;    ///< client to server
  std::vector<std::string_view> ciphers_down;  ///< server to client
  std::vector<std::string_view> macs_up;
  std::vector<std::string_view> macs_down;
  std::vector<std::string_view> compression_up;
  std::vector<std::string_view> compression_down;
  bool first_kex_packet_follows = false;

  bool names_kex(std::string_view name) const;
};

/// Errors: invalid.
base::Result<KexInit> decode_kexinit(base::ByteView payload);

/// What this end offers (every list filled in).
struct Offer {
  std::vector<std::string> kex;
  std::vector<std::string> host_key_algorithms;
  std::vector<std::string> ciphers;
  std::vector<std::string> macs;
};

/// The payload; the first one carries the markers for extension info and strict key exchange.
base::Bytes encode_kexinit(const Offer& offer, Role role, ExchangeKind kind, base::Random& random);

/// One direction's choice.
struct FlowChoice {
  const CipherAlgorithm* cipher = nullptr;
  const MacAlgorithm* mac = nullptr;  ///< null when the cipher authenticates
};
struct Choice {
  keys::KexMethod kex = keys::KexMethod::curve25519_sha256;
  std::string kex_name;
  std::string host_key_algorithm;
  FlowChoice up;
  FlowChoice down;
  bool peer_guessed_wrong = false;  ///< its next packet is to be ignored
};

/// Errors: denied, naming the kind of algorithm that has no common name.
base::Result<Choice> negotiate(const Offer& own, Role role, const KexInit& peer);

}  // namespace sallyport::codec::ssh
