// SPDX-License-Identifier: Apache-2.0
// OpenSSL's three generators, one by one.
#include "leg/randomness.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "base/random.h"

namespace sallyport::leg {

void warm_up_randomness() {
  std::array<std::uint8_t, 16> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1 || RAND_priv_bytes(bytes.data(), bytes.size()) != 1) std::abort();
  base::SystemRandom().fill(bytes);
}

void reseed_randomness() {
  // Prediction resistance: each takes from the kernel, not from the generator above it.
  for (EVP_RAND_CTX* generator : {RAND_get0_primary(nullptr), RAND_get0_public(nullptr), RAND_get0_private(nullptr)}) {
    if (generator == nullptr || EVP_RAND_reseed(generator, 1, nullptr, 0, nullptr, 0) != 1) std::abort();
  }
}

}  // namespace sallyport::leg
