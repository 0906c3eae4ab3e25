// SPDX-License-Identifier: Apache-2.0
// Which processor the workers of one session are on, by what passes through it. Trusted side, on the session's thread.
#pragma once

#include "base/clock.h"
#include "broker/node/home_cpu.h"

namespace sallyport::broker {

class Placement {
 public:
  Placement(HomeCpu& home, const base::Clock& clock) : home_(home), clock_(clock) {}

  void add(pid_t worker) { workers_.add(worker); }
  /// One of the workers has ended.
  void forget() { workers_.forget(); }
  /// An event of this size passed.
  void passed(std::size_t bytes) {
    const base::Micros now = clock_.monotonic_us();
    home_.look(now);
    workers_.passed(bytes, home_, now);
  }
  /// A stream goes to the ring.
  void bulk_begins() { workers_.leave_for_good(home_); }
  /// Bulk flows.
  void bulk_flows() { home_.disturb(); }

 private:
  HomeCpu& home_;
  const base::Clock& clock_;
  WorkerHome workers_;
};

}  // namespace sallyport::broker
