// SPDX-License-Identifier: Apache-2.0
// For tests and fuzzers only: a random source that gives the same bytes in every run. Never for keys.
#pragma once

#include <random>

#include "base/random.h"

namespace sallyport::codec::ssh::testing {

class FixedRandom final : public base::Random {
 public:
  explicit FixedRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    for (auto& b : out) b = static_cast<std::uint8_t>(engine_());
  }
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sallyport::codec::ssh::testing
