// SPDX-License-Identifier: Apache-2.0
// What a monitoring system may know of a node: figures, and whether it is ready to serve. No names of people, targets
// or accounts: whoever reads this need not be an auditor. Trusted side.
#pragma once

#include <string>

#include "base/clock.h"
#include "broker/intake/admission.h"
#include "broker/node/services.h"

namespace sallyport::broker::metrics {

/// Below this, no session should be begun: its recording may find no room.
inline constexpr std::uint64_t kEnoughRecordingBytes = std::uint64_t{64} << 20;

class NodeFigures {
 public:
  /// All of it outlives this object. strangers: connections that are not logged in; users: those that are.
  NodeFigures(const Services& services, const Admission& strangers, const Admission& users, std::string version)
      : services_(services),
        strangers_(strangers),
        users_(users),
        version_(std::move(version)),
        started_us_(services.clock.now_us()) {}

  /// Blocks where the disk does. Any thread.
  std::string text() const;
  /// Why no session would be opened now, a line each; empty: the node is ready. Blocks as text(). Any thread.
  std::string why_not_ready() const;

 private:
  const Services& services_;
  const Admission& strangers_;
  const Admission& users_;
  const std::string version_;
  const base::Micros started_us_;
};

}  // namespace sallyport::broker::metrics
