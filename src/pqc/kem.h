// SPDX-License-Identifier: Apache-2.0
// The post-quantum key encapsulation mechanisms: ML-KEM-768 (FIPS 203) and Streamlined NTRU Prime sntrup761.
// Runs in the untrusted workers; pure. Time and memory accesses depend on no secret.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace sallyport::pqc {

struct KemKeys {
  base::Bytes public_key;
  base::SecretBytes private_key;
};

struct Encapsulated {
  base::Bytes ciphertext;
  base::SecretBytes secret;
};

/// One mechanism. A ciphertext that does not belong to the key gives a secret that nobody knows, and no error.
struct Kem {
  std::size_t public_key_bytes;
  std::size_t private_key_bytes;
  std::size_t ciphertext_bytes;
  std::size_t secret_bytes;
  KemKeys (*generate)(base::Random& random);
  /// Errors: invalid (no public key of this mechanism).
  base::Result<Encapsulated> (*encapsulate)(base::ByteView public_key, base::Random& random);
  /// Errors: invalid (a wrong length).
  base::Result<base::SecretBytes> (*decapsulate)(base::ByteView private_key, base::ByteView ciphertext);
};

const Kem& mlkem768();
const Kem& sntrup761();

}  // namespace sallyport::pqc
