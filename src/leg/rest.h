// SPDX-License-Identifier: Apache-2.0
// A pause that a busy stream takes so that more gathers: on a loaded machine a wake-up costs more than the bytes it
// brings. Untrusted side.
#pragma once

#include "base/clock.h"
#include "leg/loop.h"

namespace sallyport::leg {

class Rest {
 public:
  /// Both must outlive it.
  Rest(Loop& loop, const base::Clock& clock) : loop_(loop), clock_(clock) {}
  ~Rest() { loop_.cancel(timer_); }
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;

  /// over() is false for this long; the loop wakes when it is true again.
  void begin(base::Micros us) {
    until_ = clock_.monotonic_us() + us;
    loop_.cancel(timer_);
    timer_ = loop_.after(us, [this] { until_ = 0; });
  }
  bool over() const { return until_ == 0 || clock_.monotonic_us() >= until_; }
  void end() {
    loop_.cancel(timer_);
    until_ = 0;
  }

 private:
  Loop& loop_;
  const base::Clock& clock_;
  base::Micros until_ = 0;
  Loop::TimerId timer_ = 0;
};

}  // namespace sallyport::leg
