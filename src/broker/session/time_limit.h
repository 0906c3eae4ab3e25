// SPDX-License-Identifier: Apache-2.0
// One limit of a policy on a session's time: it warns, and then it cuts. Trusted side; pure: it reads no clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sallyport::broker {

class TimeLimit {
 public:
  enum class Step : std::uint8_t { nothing, warn, cut };

  /// The longest warning before the cut; of a short limit it is the last quarter.
  static constexpr base::Micros kLongestWarningUs = 60'000'000;

  TimeLimit() = default;
  /// 0 seconds: there is no limit.
  TimeLimit(std::int64_t seconds, base::Micros now) : length_us_(seconds * 1'000'000), since_us_(now) {}

  bool set() const { return length_us_ > 0; }

  /// The time counts from here.
  void restart(base::Micros now) {
    since_us_ = now;
    warned_ = false;
    late_us_ = 0;
  }

  /// A shorter limit holds from now on, counted from where the time counts already; 0 seconds, or more than there is,
  /// changes nothing. Where too little of it is left for its warning, the warning is due now and the cut after it.
  void shorten(std::int64_t seconds, base::Micros now) {
    const base::Micros length_us = seconds * 1'000'000;
    if (length_us == 0 || (set() && length_us >= length_us_)) return;
    length_us_ = length_us;
    warned_ = false;
    late_us_ = std::max<base::Micros>(0, now - (since_us_ + length_us_ - warning_us()));
  }

  /// What is due now. A warning is due once after each restart and each shortening.
  Step look(base::Micros now) {
    if (!set()) return Step::nothing;
    if (now >= cut_at()) return Step::cut;
    if (warned_ || now < warning_at()) return Step::nothing;
    warned_ = true;
    return Step::warn;
  }

  /// When to look again; only of a limit that is set.
  base::Micros next_look() const { return warned_ ? cut_at() : warning_at(); }

  base::Micros length_us() const { return length_us_; }
  /// From the warning to the cut.
  base::Micros warning_us() const { return std::min(kLongestWarningUs, length_us_ / 4); }

 private:
  base::Micros cut_at() const { return since_us_ + length_us_ + late_us_; }
  base::Micros warning_at() const { return cut_at() - warning_us(); }

  base::Micros length_us_ = 0;
  base::Micros since_us_ = 0;
  base::Micros late_us_ = 0;  // what a shortening left too little of
  bool warned_ = false;
};

/// "90 s", "15 min", "8 h": how a user reads a limit.
std::string spoken_duration(base::Micros length_us);

}  // namespace sallyport::broker
