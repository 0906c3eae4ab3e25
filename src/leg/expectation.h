// SPDX-License-Identifier: Apache-2.0
// Whether an answer comes so soon that staying awake for it is cheaper than being woken: learned from the last ones.
// Untrusted side.
#pragma once

#include <algorithm>

namespace sallyport::leg {

class Expectation {
 public:
  /// Asked once for each answer that is awaited. After answers in time: yes. After kBelief that were late: no, but for
  /// every kRetry-th, which finds out whether that has changed.
  bool worth() {
    if (belief_ > 0) return true;
    return ++passed_over_ % retry_ == 0;
  }
  void came(bool in_time) {
    if (in_time) {
      belief_ = kBelief;
      if (++undisturbed_ == kUndisturbed) retry_ = kRetry;
    } else if (belief_ > 0) {
      --belief_;
    }
  }
  /// Staying awake was in the way of others: it is tried again, less often each time, until it no longer is.
  void give_up() {
    belief_ = 0;
    undisturbed_ = 0;
    retry_ = std::min(retry_ * 2, kMostRetry);
  }

  static constexpr unsigned kBelief = 4;
  static constexpr unsigned kRetry = 32;
  static constexpr unsigned kMostRetry = 1024;
  static constexpr unsigned kUndisturbed = 64;  ///< answers in time, with nobody else about

 private:
  unsigned belief_ = kBelief;
  unsigned passed_over_ = 0;
  unsigned retry_ = kRetry;
  unsigned undisturbed_ = 0;
};

}  // namespace sallyport::leg
