// SPDX-License-Identifier: Apache-2.0
// How much of one flood reaches the audit log that all sessions share: each line there is a synced transaction. Trusted
// side; what is withheld is counted and said.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace sallyport::broker {

class AuditLimit {
 public:
  struct Rate {
    std::int64_t burst;
    base::Micros refill_us;  ///< for one more
  };
  /// Of one logged-in user's connection or session.
  static constexpr Rate session_rate{50, 1'000'000};

  explicit AuditLimit(Rate rate = session_rate) : rate_(rate), left_(rate.burst) {}

  /// Whether one more may be written now; if not, it is counted as withheld.
  bool admit(base::Micros now_us) {
    earn(now_us);
    if (left_ > 0) {
      --left_;
      return true;
    }
    ++withheld_;
    return false;
  }
  /// How many were withheld since this was last asked.
  std::int64_t take_withheld() {
    const std::int64_t out = withheld_;
    withheld_ = 0;
    return out;
  }
  /// Whether a whole burst is there: as good as a new one.
  bool rested(base::Micros now_us) {
    earn(now_us);
    return left_ == rate_.burst;
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
  std::int64_t withheld_ = 0;
  base::Micros counted_from_ = 0;
};

}  // namespace sallyport::broker
