// SPDX-License-Identifier: Apache-2.0
// The kernel's random number generator.
#include "base/random.h"

#include <sodium.h>

namespace sallyport::base {

void SystemRandom::fill(std::span<std::uint8_t> out) {
  randombytes_buf(out.data(), out.size());
}

}  // namespace sallyport::base
