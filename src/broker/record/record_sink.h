// SPDX-License-Identifier: Apache-2.0
// Where a session's events go before they are forwarded. Trusted side, on a session loop.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "recording/types.h"

namespace sallyport::broker {

/// Where an event stands in the record, and since when.
struct RecordPlace {
  std::uint64_t sequence = 0;
  base::Micros time_us = 0;
};

class RecordSink {
 public:
  virtual ~RecordSink() = default;

  /// Whether another event can be appended now.
  virtual bool ready() const = 0;
  /// Writes one event. On success it may be forwarded. Errors: busy (ready() was false); any other is final.
  virtual base::Status append(recording::EntryKind kind, base::Micros time_us, base::ByteView event) = 0;
  /// Calls back on the loop when everything appended so far is on the disk. False: it failed.
  virtual void synced(std::function<void(bool ok)> done) = 0;
  /// Appended so far; the last one has this number less one.
  virtual std::uint64_t entries() const = 0;
};

}  // namespace sallyport::broker
