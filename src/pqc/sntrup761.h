// SPDX-License-Identifier: Apache-2.0
// Streamlined NTRU Prime sntrup761 (NTRU Prime round 3 specification), in the pieces that its tests look at.
// Runs in the untrusted workers; pure.
#pragma once

#include "pqc/kem.h"
#include "pqc/sntrup761_ring.h"

namespace sallyport::pqc::sntrup {

inline constexpr std::size_t kPublicKeyBytes = 1158;
/// f, 1/g, the public key, rho, and the public key's hash.
inline constexpr std::size_t kPrivateKeyBytes = 2 * 191 + kPublicKeyBytes + 191 + 32;
inline constexpr std::size_t kCiphertextBytes = 1007 + 32;
inline constexpr std::size_t kSecretBytes = 32;

/// Any small polynomial, and one with exactly kWeight coefficients that are not zero.
void random_small(Small& out, base::Random& random);
void random_short(Small& out, base::Random& random);

KemKeys generate(base::Random& random);
/// For a given short r. Errors: invalid (a wrong length).
base::Result<Encapsulated> encapsulate_short(base::ByteView public_key, const Small& r);
/// Errors: invalid (a wrong length).
base::Result<base::SecretBytes> decapsulate(base::ByteView private_key, base::ByteView ciphertext);

}  // namespace sallyport::pqc::sntrup
