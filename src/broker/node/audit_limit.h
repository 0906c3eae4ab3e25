// SPDX-License-Identifier: Apache-2.0
// How much of one flood reaches the audit log that all sessions share: each line there is synced to disk. Trusted side;
// what is withheld is counted and said.
#pragma once

#include <cstdint>

#include "broker/node/allowance.h"

namespace sallyport::broker {

class AuditLimit {
 public:
  using Rate = Allowance::Rate;

  explicit AuditLimit(Rate rate) : allowance_(rate) {}

  /// Whether one more may be written now; if not, it is counted as withheld.
  bool admit(base::Micros now_us) {
    if (allowance_.take(now_us)) return true;
    ++withheld_;
    return false;
  }
  /// Counts one as withheld.
  void withhold() { ++withheld_; }
  /// How many were withheld since this was last asked.
  std::int64_t take_withheld() {
    const std::int64_t out = withheld_;
    withheld_ = 0;
    return out;
  }
  /// Whether it is as good as a new one.
  bool rested(base::Micros now_us) const { return withheld_ == 0 && allowance_.rested(now_us); }

 private:
  Allowance allowance_;
  std::int64_t withheld_ = 0;
};

}  // namespace sallyport::broker
