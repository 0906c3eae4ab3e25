// SPDX-License-Identifier: Apache-2.0
// SSH private keys: making, reading, writing and signing with them. Trusted side only: a worker links this file's
// library but must never hold one of these. Key material is wiped when its owner goes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "keys/public_key.h"

namespace sallyport::keys {

/// Largest private key file that is looked at.
inline constexpr std::size_t kMaxPrivateKeyBytes = std::size_t{64} * 1024;

enum class GeneratedKey { ed25519, ecdsa_p256, rsa_3072 };

class PrivateKey {
 public:
  /// A fresh key. Ed25519 draws from `random`; RSA and ECDSA draw from OpenSSL's own generator, which cannot be passed
  /// in. Errors: internal.
  static base::Result<PrivateKey> generate(GeneratedKey kind, base::Random& random);

  /// From text: "BEGIN OPENSSH PRIVATE KEY" (OpenSSH's PROTOCOL.key), PKCS#8, or the traditional PEM of RSA and EC
  /// keys. Errors: denied (encrypted: the message says how to decrypt it first), invalid, unsupported (another type).
  static base::Result<PrivateKey> parse(base::ByteView text);

  ~PrivateKey();
  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;

  const PublicKey& public_key() const;
  KeyType type() const { return public_key().type(); }
  /// The comment found in an OpenSSH file, or set here; foreign text, to be escaped before it is shown.
  const std::string& comment() const;
  void set_comment(std::string comment);

  /// The OpenSSH format, unencrypted; what parse() reads back.
  base::Result<base::SecretBytes> serialize() const;

  /// The SSH signature blob over data. Errors: invalid (not an algorithm of this key's type), internal.
  base::Result<base::Bytes> sign(std::string_view signature_algorithm, base::ByteView data) const;
  /// sign() with the best algorithm of the key's type.
  base::Result<base::Bytes> sign(base::ByteView data) const;
  /// An RSA key's signature under ssh-rsa, which is over SHA-1: only for a target whose resource asks for it. Errors:
  /// invalid (no RSA key), internal.
  base::Result<base::Bytes> sign_ssh_rsa(base::ByteView data) const;

 private:
  struct State;
  explicit PrivateKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::keys
