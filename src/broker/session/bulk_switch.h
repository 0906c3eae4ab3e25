// SPDX-License-Identifier: Apache-2.0
// When a stream without a terminal leaves the events for the ring of shared memory between front and back. Trusted
// side, on a session loop. The record says so first.
#pragma once

#include <cstdint>

#include "broker/session/back_side.h"
#include "broker/session/channel_book.h"
#include "broker/session/front_side.h"
#include "broker/session/journal.h"
#include "policy/decide.h"

namespace sallyport::broker {

class BulkSwitch {
 public:
  explicit BulkSwitch(const policy::RecordSettings& rules) : rules_(rules) {}

  /// After data of this stream has passed. True: it goes to the ring from here on.
  bool consider(Direction from, Channel& channel, bool is_stderr, Journal& journal, FrontSide* front, BackSide& back);

 private:
  const policy::RecordSettings& rules_;
  bool ring_attached_ = false;
};

}  // namespace sallyport::broker
