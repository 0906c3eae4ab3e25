// SPDX-License-Identifier: Apache-2.0
// Time is passed in, so that a test can hold it still.
#pragma once

#include <chrono>
#include <cstdint>

namespace sallyport::base {

/// Microseconds since 1970 UTC: the unit of every stored time.
using Micros = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros now_us() const = 0;        ///< wall time, UTC
  virtual Micros monotonic_us() const = 0;  ///< never goes back
};

class SystemClock final : public Clock {
 public:
  Micros now_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  Micros monotonic_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace sallyport::base
