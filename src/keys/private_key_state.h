// SPDX-License-Identifier: Apache-2.0
// What a PrivateKey holds, and the ways to it from its numbers, for the .cc files of this folder only. Every way in
// checks that the numbers belong together.
#pragma once

#include <string>

#include "keys/openssl_ptr.h"
#include "keys/private_key.h"

namespace sallyport::keys {

struct PrivateKey::State {
  explicit State(PublicKey key) : pub(std::move(key)) {}
  PublicKey pub;
  std::string comment;
  base::SecretBytes ed25519;  ///< seed and public key, as libsodium and OpenSSH keep them
  PkeyPtr pkey;               ///< RSA and ECDSA
};

/// The numbers of an RSA key, as big-endian magnitudes.
struct RsaNumbers {
  base::ByteView n, e, d, iqmp, p, q;
};

/// A private number of a key, to be cleared by its owner; null when the key has none of that name.
BignumPtr number_of(const EVP_PKEY* pkey, const char* name);

/// A number as a big-endian magnitude of at least min_bytes.
base::SecretBytes to_magnitude(const BIGNUM* number, std::size_t min_bytes = 0);

/// An RSA pair. Errors: invalid, when p × q is not n or the public part is refused.
base::Result<PkeyPtr> rsa_pair(const RsaNumbers& numbers);

/// An ECDSA pair. Errors: invalid, when the scalar is not the point's.
base::Result<PkeyPtr> ecdsa_pair(KeyType type, base::ByteView point, base::ByteView scalar);

/// The uncompressed point that belongs to a scalar; empty when the scalar is zero or too large.
base::Bytes ecdsa_point(KeyType type, base::ByteView scalar);

/// The blob of an RSA or ECDSA public key.
base::Bytes rsa_blob(base::ByteView e, base::ByteView n);
base::Bytes ecdsa_blob(KeyType type, base::ByteView point);

}  // namespace sallyport::keys
