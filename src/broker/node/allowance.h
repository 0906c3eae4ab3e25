// SPDX-License-Identifier: Apache-2.0
// A share of something bounded: a burst of it at once, then one more each so often. Trusted side; pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace sallyport::broker {

class Allowance {
 public:
  struct Rate {
    std::int64_t burst;
    base::Micros refill_us;  ///< for one more
  };

  explicit Allowance(Rate rate) : rate_(rate), left_(rate.burst) {}

  /// Takes one, if there is one.
  bool take(base::Micros now_us) {
    earn(now_us);
    if (left_ <= 0) return false;
    --left_;
    return true;
  }
  /// Takes one that may not be there yet: the next ones wait for it, too.
  void charge(base::Micros now_us) {
    earn(now_us);
    --left_;
  }
  /// How long until there is one; 0: there is.
  base::Micros wait_us(base::Micros now_us) {
    earn(now_us);
    return left_ > 0 ? 0 : counted_from_ + (1 - left_) * rate_.refill_us - now_us;
  }
  /// Whether a whole burst is there: as good as a new one.
  bool rested(base::Micros now_us) const {
    return counted_from_ == 0 || left_ + (now_us - counted_from_) / rate_.refill_us >= rate_.burst;
  }

 private:
  void earn(base::Micros now_us) {
    if (counted_from_ == 0) counted_from_ = now_us;
    const std::int64_t earned = (now_us - counted_from_) / rate_.refill_us;
    counted_from_ += earned * rate_.refill_us;
    left_ = std::min(rate_.burst, left_ + earned);
  }

  Rate rate_;
  std::int64_t left_;
  base::Micros counted_from_ = 0;
};

}  // namespace sallyport::broker
