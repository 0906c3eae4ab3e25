// SPDX-License-Identifier: Apache-2.0
// SSH public keys and the signatures they verify (RFC 4253 §6.6, RFC 5656, RFC 8332, RFC 8709, OpenSSH's PROTOCOL.u2f).
// Linked on both sides of the trust line; the verdict that counts is the broker's. It must never accept a SHA-1
// signature.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sallyport::keys {

enum class KeyType {
  ed25519,
  ecdsa_p256,
  ecdsa_p384,
  ecdsa_p521,
  rsa,
  sk_ed25519,     ///< sk-ssh-ed25519@openssh.com: held by a FIDO authenticator
  sk_ecdsa_p256,  ///< sk-ecdsa-sha2-nistp256@openssh.com
};

/// The name that opens a key blob: "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa" …
std::string_view key_type_name(KeyType type);
/// not_found for a name that is no plain key of ours; certificate names are not key names.
base::Result<KeyType> key_type_from_name(std::string_view name);

/// No blob of a key that we accept is longer (RSA of 16384 bits).
inline constexpr std::size_t kMaxPublicKeyBytes = 4096;
/// No signature blob that we accept is longer.
inline constexpr std::size_t kMaxSignatureBytes = 4096;

/// How a key of a FIDO authenticator must have been used for its signature to count; other keys ignore it.
struct TouchRule {
  bool present = true;    ///< somebody touched the authenticator
  bool verified = false;  ///< the authenticator verified its user, by a PIN or a fingerprint
  bool operator==(const TouchRule&) const = default;
};

/// True for the two types that a FIDO authenticator holds.
constexpr bool is_security_key(KeyType type) {
  return type == KeyType::sk_ed25519 || type == KeyType::sk_ecdsa_p256;
}

/// A public key: parsed, checked, immutable, cheap to copy.
class PublicKey {
 public:
  /// From the blob on the wire. Errors: invalid (malformed, non-canonical, a point off its curve, a weak Ed25519 point,
  /// RSA outside 2048 to 16384 bits or with a bad exponent), unsupported (another type, a certificate).
  static base::Result<PublicKey> parse(base::ByteView blob);

  /// From one line "TYPE BASE64 [COMMENT]", as in a .pub file. Options in front, as authorized_keys allows, are
  /// refused: they carry restrictions that nobody here would keep.
  static base::Result<PublicKey> parse_line(std::string_view line);

  ~PublicKey();
  PublicKey(const PublicKey&) = default;
  PublicKey& operator=(const PublicKey&) = default;
  PublicKey(PublicKey&&) noexcept = default;
  PublicKey& operator=(PublicKey&&) noexcept = default;

  KeyType type() const;
  std::string_view type_name() const { return key_type_name(type()); }
  /// Bits of the modulus or of the curve.
  int bits() const;
  const base::Bytes& blob() const;
  /// "SHA256:" and base64 without padding, as ssh-keygen -l prints it.
  std::string fingerprint() const;
  /// "TYPE BASE64", and " COMMENT" if there is one. Control characters in the comment become spaces.
  std::string line(std::string_view comment = {}) const;

  /// Ok when signature_blob is this key's signature over data under that algorithm. Errors: denied (does not verify,
  /// user not present or not verified), invalid (the algorithm is not this key's, or the blob is not strictly encoded,
  /// or names another algorithm). An ssh-rsa (SHA-1) signature is refused as invalid.
  base::Status verify(std::string_view signature_algorithm, base::ByteView signature_blob, base::ByteView data,
                      const TouchRule& touch = {}) const;

  /// Ok when signature_blob is this RSA key's signature under ssh-rsa, which is over SHA-1: only for a target whose
  /// resource asks for it. Errors: as verify().
  base::Status verify_ssh_rsa(base::ByteView signature_blob, base::ByteView data) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) { return a.blob() == b.blob(); }

 private:
  friend class PrivateKey;
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// The signature algorithms of a key of this type, the best first: {"rsa-sha2-512", "rsa-sha2-256"} for RSA, else the
/// type's own name.
std::vector<std::string_view> signature_algorithms_for(KeyType type);

/// The signature algorithm of RSA keys over SHA-1 (RFC 4253 §6.6): no algorithm of any key but where it is asked for.
inline constexpr std::string_view kSshRsa = "ssh-rsa";

/// Every algorithm that verify() takes, for server-sig-algs (RFC 8308 §3.1).
std::vector<std::string_view> all_signature_algorithms();

/// "SHA256:…" of any key or certificate blob.
std::string fingerprint_of(base::ByteView blob);

/// The type names at the head of a key, certificate or signature blob; empty when there is none.
std::string_view blob_name(base::ByteView blob);

/// Does once what OpenSSL otherwise does at its first use in each process: for the zygote, before it forks. Errors:
/// internal.
base::Status warm_up();

}  // namespace sallyport::keys
