// SPDX-License-Identifier: Apache-2.0
// ML-KEM-768 with its randomness given (FIPS 203 §6), as published vectors have it. Runs in the untrusted workers;
// pure.
#pragma once

#include "pqc/kem.h"

namespace sallyport::pqc::mlkem {

inline constexpr std::size_t kPublicKeyBytes = 1184;
inline constexpr std::size_t kPrivateKeyBytes = 2400;
inline constexpr std::size_t kCiphertextBytes = 1088;
inline constexpr std::size_t kSecretBytes = 32;
inline constexpr std::size_t kSeedBytes = 64;     ///< d, then z
inline constexpr std::size_t kMessageBytes = 32;  ///< m

/// Algorithm 16. The seed has kSeedBytes.
KemKeys keys_from_seed(base::ByteView seed);
/// Algorithm 17 after the checks of §7.2. The message has kMessageBytes. Errors: invalid (a public key of a wrong
/// length, or with a coefficient of q or more).
base::Result<Encapsulated> encapsulate_message(base::ByteView public_key, base::ByteView message);
/// Algorithm 18. Errors: invalid (a wrong length).
base::Result<base::SecretBytes> decapsulate(base::ByteView private_key, base::ByteView ciphertext);

}  // namespace sallyport::pqc::mlkem
