// SPDX-License-Identifier: Apache-2.0
// How much of one session's flood reaches the audit log that all sessions share: each line there is a synced
// transaction. Trusted side; what is withheld is counted and said, and stands in the session's own record.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace sallyport::broker {

class AuditLimit {
 public:
  static constexpr std::int64_t burst = 50;
  static constexpr base::Micros refill_us = 1'000'000;  ///< for one more

  /// Whether one more may be written now; if not, it is counted as withheld.
  bool admit(base::Micros now_us) {
    if (counted_from_ == 0) counted_from_ = now_us;
    const std::int64_t earned = (now_us - counted_from_) / refill_us;
    counted_from_ += earned * refill_us;
    left_ = std::min(burst, left_ + earned);
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

 private:
  std::int64_t left_ = burst;
  std::int64_t withheld_ = 0;
  base::Micros counted_from_ = 0;
};

}  // namespace sallyport::broker
