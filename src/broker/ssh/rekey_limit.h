// SPDX-License-Identifier: Apache-2.0
// Bounds how often a worker may ask for the work of a key exchange: a token bucket. Trusted side; pure.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace sallyport::broker {

class RekeyLimit {
 public:
  /// A client that rekeys each megabyte at full speed stays within this; one that does nothing else does not.
  static constexpr double kPerSecond = 400, kBurst = 2000;

  /// Whether one more is allowed now.
  bool take(base::Micros monotonic_us) {
    if (last_us_ != 0) {
      tokens_ = std::min(kBurst, tokens_ + kPerSecond * static_cast<double>(monotonic_us - last_us_) / 1e6);
    }
    last_us_ = monotonic_us;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double tokens_ = kBurst;
  base::Micros last_us_ = 0;
};

}  // namespace sallyport::broker
