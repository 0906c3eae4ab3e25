// SPDX-License-Identifier: Apache-2.0
// How two ends agree on a secret: public values out, the shared secret in. Finite field (RFC 8268), NIST curves
// (RFC 5656), Curve25519 (RFC 8731), and its hybrids with post-quantum mechanisms. Runs in the untrusted workers. It
// must never use a peer's value unchecked.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "codec/ssh/transport.h"
#include "keys/exchange_hash.h"

namespace sallyport::codec::ssh {

/// One ephemeral key pair, used once. Values are as KexInputs wants them: Q for the curves, a big-endian magnitude for
/// finite fields; for the secret a big-endian magnitude, or the hybrids' string.
class KeyAgreement {
 public:
  virtual ~KeyAgreement() = default;
  /// Of a hybrid's server only after agree(): it answers what the client sent.
  virtual base::ByteView public_value() const = 0;
  /// Errors: invalid (the peer's value is out of range, not on the curve, or gives a zero secret), internal.
  virtual base::Result<base::SecretBytes> agree(base::ByteView peer_public) = 0;
};

/// A new pair. The random source, which must outlive it, feeds all but the NIST curves: they use the library's
/// generator. Errors: internal, unsupported (a method whose server chooses the group).
base::Result<std::unique_ptr<KeyAgreement>> make_key_agreement(keys::KexMethod method, Role role, base::Random& random);

// The kinds, each in its own file.
base::Result<std::unique_ptr<KeyAgreement>> make_x25519(base::Random& random);
base::Result<std::unique_ptr<KeyAgreement>> make_nist_ecdh(keys::KexMethod method);
base::Result<std::unique_ptr<KeyAgreement>> make_modp(keys::KexMethod method, base::Random& random);
/// Over a group that a server chose (RFC 4419), for the client. Errors: invalid (not of kGroupMinBits to kGroupMaxBits,
/// an even p, a generator out of range), internal.
base::Result<std::unique_ptr<KeyAgreement>> make_modp_of_group(base::ByteView prime, base::ByteView generator,
                                                               base::Random& random);
base::Result<std::unique_ptr<KeyAgreement>> make_hybrid(keys::KexMethod method, Role role, base::Random& random);

}  // namespace sallyport::codec::ssh
