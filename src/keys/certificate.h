// SPDX-License-Identifier: Apache-2.0
// OpenSSH certificates (PROTOCOL.certkeys): reading, judging and issuing. Both sides of the trust line may parse; only
// the broker's judgement counts. It must never ignore a critical option that it does not know.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "keys/private_key.h"
#include "keys/public_key.h"

namespace sallyport::keys {

enum class CertificateType : std::uint32_t { user = 1, host = 2 };

/// No certificate that we accept is longer.
inline constexpr std::size_t kMaxCertificateBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kMaxPrincipals = 256;  ///< as OpenSSH's SSHKEY_CERT_MAX_PRINCIPALS
inline constexpr std::size_t kMaxCertificateOptions = 64;

/// "valid before" of a certificate that never ends.
inline constexpr std::uint64_t kForever = UINT64_MAX;

struct CertificateOption {
  std::string name;
  std::string value;  ///< the inner string, or empty for a flag
};

/// What a certificate says. Times are seconds since 1970 UTC.
struct CertificateFields {
  CertificateType type = CertificateType::user;
  std::uint64_t serial = 0;
  std::string key_id;                   ///< foreign text when parsed: escape before showing
  std::vector<std::string> principals;  ///< empty names nobody here, whatever OpenSSH makes of it
  std::uint64_t valid_after = 0;        ///< first second of validity
  std::uint64_t valid_before = 0;       ///< first second after validity, or kForever
  std::optional<std::string> force_command;
  std::vector<std::string> source_addresses;  ///< CIDR blocks or single addresses; empty means any
  bool verify_required = false;               ///< FIDO keys only: the authenticator must have verified its user
  std::vector<CertificateOption> extensions;  ///< "permit-pty" and the like; unknown ones mean nothing
};

/// The circumstances under which a certificate is presented.
struct CertificateUse {
  CertificateType type = CertificateType::user;
  std::string_view principal;       ///< the login name, or the host name asked for
  std::int64_t now_us = 0;          ///< base::Micros
  std::string_view source_address;  ///< numeric IPv4 or IPv6 of the peer; empty when unknown
  std::span<const PublicKey> trusted_cas;
};

/// What holds for the session once a certificate has passed.
struct CertificateGrant {
  std::optional<std::string> force_command;
  TouchRule touch;
};

class Certificate {
 public:
  /// Parses the blob and verifies the CA's signature, which says nothing yet about trust in that CA. Errors: invalid,
  /// unsupported (a key type of ours is not in it, or an unknown critical option), denied (the signature does not
  /// verify).
  static base::Result<Certificate> parse(base::ByteView blob);

  const base::Bytes& blob() const { return blob_; }
  /// "ssh-ed25519-cert-v01@openssh.com" …
  std::string_view type_name() const;
  /// The key that the certificate is about: its signatures are verified with key().verify().
  const PublicKey& key() const { return key_; }
  const PublicKey& ca() const { return ca_; }
  const CertificateFields& fields() const { return fields_; }

  /// Whether the flag is among the extensions: "permit-pty" and the like. One with a value is none.
  bool extends(std::string_view extension) const;

  /// Judges everything but the holder's own signature. Errors: denied, with the reason; every unknown means no.
  base::Result<CertificateGrant> check(const CertificateUse& use) const;

 private:
  Certificate(base::Bytes blob, PublicKey key, PublicKey ca, CertificateFields fields)
      : blob_(std::move(blob)), key_(std::move(key)), ca_(std::move(ca)), fields_(std::move(fields)) {}
  base::Bytes blob_;
  PublicKey key_;
  PublicKey ca_;
  CertificateFields fields_;
};

/// A certificate's blob for `subject`, signed by `ca` with the best algorithm of its type. Fields are written as given,
/// except that options and extensions are sorted, as OpenSSH requires. Errors: invalid (no principal, an empty period,
/// a name that cannot be written, a malformed source address), internal.
base::Result<base::Bytes> issue_certificate(const CertificateFields& fields, const PublicKey& subject,
                                            const PrivateKey& ca, base::Random& random);

/// The certificate name of a key type: "ssh-rsa-cert-v01@openssh.com".
std::string_view certificate_type_name(KeyType type);

/// The algorithm names under which a certificate for a key of this type is offered and signed with, the best first:
/// {"rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com"} for RSA, else the certificate type's own
/// name.
std::vector<std::string_view> certificate_algorithms_for(KeyType type);

/// The signature algorithm behind a plain or a certificate algorithm name: "rsa-sha2-512" for both "rsa-sha2-512" and
/// "rsa-sha2-512-cert-v01@openssh.com". not_found for any other name, SHA-1's among them.
base::Result<std::string_view> signature_algorithm_behind(std::string_view algorithm);

/// True for the type name at the head of a certificate blob that Certificate::parse() may accept.
bool is_certificate_name(std::string_view name);

}  // namespace sallyport::keys
