// SPDX-License-Identifier: Apache-2.0
// The transport's algorithm tables. Runs in the untrusted workers.
#include "codec/ssh/algorithms.h"

#include <algorithm>
#include <array>

#include "keys/public_key.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::array kCiphers = {
    CipherAlgorithm{"chacha20-poly1305@openssh.com", CipherKind::chacha20_poly1305, 64, 0, "ChaCha20"},
    CipherAlgorithm{"aes256-gcm@openssh.com", CipherKind::aes_gcm, 32, 12, "AES-256-GCM"},
    CipherAlgorithm{"aes128-gcm@openssh.com", CipherKind::aes_gcm, 16, 12, "AES-128-GCM"},
    CipherAlgorithm{"aes256-ctr", CipherKind::aes_ctr, 32, 16, "AES-256-CTR"},
    CipherAlgorithm{"aes192-ctr", CipherKind::aes_ctr, 24, 16, "AES-192-CTR"},
    CipherAlgorithm{"aes128-ctr", CipherKind::aes_ctr, 16, 16, "AES-128-CTR"},
    // For old targets:
    CipherAlgorithm{"aes256-cbc", CipherKind::cbc, 32, 16, "AES-256-CBC"},
    CipherAlgorithm{"aes192-cbc", CipherKind::cbc, 24, 16, "AES-192-CBC"},
    CipherAlgorithm{"aes128-cbc", CipherKind::cbc, 16, 16, "AES-128-CBC"},
    CipherAlgorithm{"3des-cbc", CipherKind::cbc, 24, 8, "DES-EDE3-CBC"},
};

constexpr std::array kMacs = {
    MacAlgorithm{"hmac-sha2-256-etm@openssh.com", 32, "SHA256", MacOrder::encrypt_then_mac},
    MacAlgorithm{"hmac-sha2-512-etm@openssh.com", 64, "SHA512", MacOrder::encrypt_then_mac},
    // For old peers:
    MacAlgorithm{"hmac-sha2-256", 32, "SHA256", MacOrder::encrypt_and_mac},
    MacAlgorithm{"hmac-sha2-512", 64, "SHA512", MacOrder::encrypt_and_mac},
    MacAlgorithm{"hmac-sha1", 20, "SHA1", MacOrder::encrypt_and_mac},
};

constexpr std::array<std::string_view, 8> kDefaultKex = {
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
};

constexpr std::array<std::string_view, 6> kServerCiphers = {
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
};

// The client's order decides: AES-GCM costs a third of ChaCha20-Poly1305 where the processor has AES instructions.
constexpr std::array<std::string_view, 6> kClientCiphers = {
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
};

constexpr std::array<std::string_view, 2> kDefaultMacs = {
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
};

constexpr std::array<std::string_view, 12> kHostKeys = {
    "ssh-ed25519-cert-v01@openssh.com",
    "ssh-ed25519",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
};

constexpr std::array<std::string_view, 3> kDefaultHostKeys = {"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"};

constexpr std::array<std::string_view, 8> kServerSigAlgs = {
    "ssh-ed25519",         "sk-ssh-ed25519@openssh.com", "rsa-sha2-512",        "rsa-sha2-256",
    "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",        "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com",
};

}  // namespace

const CipherAlgorithm* find_cipher(std::string_view name) {
  const auto it = std::find_if(kCiphers.begin(), kCiphers.end(), [&](const auto& c) { return c.name == name; });
  return it == kCiphers.end() ? nullptr : &*it;
}

const MacAlgorithm* find_mac(std::string_view name) {
  const auto it = std::find_if(kMacs.begin(), kMacs.end(), [&](const auto& m) { return m.name == name; });
  return it == kMacs.end() ? nullptr : &*it;
}

std::optional<keys::KexMethod> find_kex(std::string_view name) {
  auto method = keys::kex_method_from_name(name);
  if (!method) return std::nullopt;
  return *method;
}

bool is_known_algorithm(AlgorithmClass kind, std::string_view name) {
  switch (kind) {
    case AlgorithmClass::kex:
      return find_kex(name).has_value();
    case AlgorithmClass::cipher:
      return find_cipher(name) != nullptr;
    case AlgorithmClass::mac:
      return find_mac(name) != nullptr;
    case AlgorithmClass::host_key:
      return name == keys::kSshRsa || std::find(kHostKeys.begin(), kHostKeys.end(), name) != kHostKeys.end();
  }
  return false;
}

std::span<const std::string_view> default_algorithms(AlgorithmClass kind, Role role) {
  switch (kind) {
    case AlgorithmClass::kex:
      return kDefaultKex;
    case AlgorithmClass::cipher:
      return role == Role::server ? kServerCiphers : kClientCiphers;
    case AlgorithmClass::mac:
      return kDefaultMacs;
    case AlgorithmClass::host_key:
      if (role == Role::client) return kHostKeys;
      return kDefaultHostKeys;
  }
  return {};
}

std::span<const std::string_view> default_server_sig_algs() {
  return kServerSigAlgs;
}

std::optional<std::string_view> choose(std::span<const std::string_view> client,
                                       std::span<const std::string_view> server) {
  for (std::string_view name : client) {
    if (std::find(server.begin(), server.end(), name) != server.end()) return name;
  }
  return std::nullopt;
}

}  // namespace sallyport::codec::ssh
