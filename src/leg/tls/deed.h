// SPDX-License-Identifier: Apache-2.0
// A key of which a worker holds the public half. Its signatures are deeds of the broker: what is to be signed is told,
// and the answer comes later. Untrusted side; no private key ever comes here.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::leg::tls {

/// What the broker does with the bytes.
enum class SignatureKind : std::uint8_t {
  ecdsa,      ///< signs a digest; the answer is a DER ECDSA-Sig-Value
  rsa_pkcs1,  ///< signs a digest of the hash named, by RSASSA-PKCS1-v1_5; the answer is as long as the modulus
  rsa_pss,    ///< a block that is encoded by EMSA-PSS already, as long as the modulus: the broker looks whether it is
              ///< one (RFC 8017 section 9.1.2, its zeros and its salt), and applies the private exponent
};
enum class DigestHash : std::uint8_t { none, sha256, sha384, sha512 };

struct SignatureDue {
  SignatureKind kind = SignatureKind::ecdsa;
  DigestHash hash = DigestHash::none;  ///< of rsa_pkcs1
  base::Bytes bytes;
};

/// One signature at a time: due() names it from the moment that the handshake waits for it until answer().
class Deed {
 public:
  Deed() = default;
  Deed(const Deed&) = delete;
  Deed& operator=(const Deed&) = delete;

  const SignatureDue* due() const { return due_ ? &*due_ : nullptr; }
  /// The broker's signature; an empty one is a refusal, and fails the handshake. Errors: none is due.
  base::Status answer(base::ByteView signature);
  /// Signatures that were asked for so far.
  unsigned asked() const { return asked_; }

  /// For the key's methods only: waits, on the handshake's own stack, for the answer. Nothing: refused.
  std::optional<base::Bytes> wait_for(SignatureDue due);

 private:
  std::optional<SignatureDue> due_;
  std::optional<base::Bytes> answer_;
  unsigned asked_ = 0;
};

struct PkeyFree {
  void operator()(EVP_PKEY* key) const;
};
using PkeyPtr = std::unique_ptr<EVP_PKEY, PkeyFree>;

/// The public key of a certificate as a key that signs by the deed, which must outlive it. Errors: unsupported, a key
/// that is neither RSA of 2048 to 8192 bits nor on P-256, P-384 or P-521.
base::Result<PkeyPtr> key_by_deed(X509* certificate, Deed& deed);

}  // namespace sallyport::leg::tls
