// SPDX-License-Identifier: Apache-2.0
// Randomness is passed in, so that a test can hold it still.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace sallyport::base {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
  Bytes bytes(std::size_t n) {
    Bytes out(n);
    fill(out);
    return out;
  }
};

/// The kernel's generator, by libsodium.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace sallyport::base
