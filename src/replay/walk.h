// SPDX-License-Identifier: Apache-2.0
// A walk over a record, event by event. What it meets is foreign.
#pragma once

#include <cstdint>
#include <functional>

#include "replay/opened_recording.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::replay {

/// Where in the record an event stands.
struct EventPlace {
  std::uint64_t sequence = 0;
  base::Micros time_us = 0;
  bool up = false;  ///< from the user: input, present only with its key
};

/// What a walk over a record meets, in order.
struct Visitor {
  /// False ends the walk.
  std::function<bool(const EventPlace& at, const event::Event& event)> event;
  /// True: this entry is not worth parsing.
  std::function<bool(base::ByteView entry)> skip = {};
  /// Input that this reader has no key for.
  std::function<void(base::Micros time_us)> hidden = {};
  std::function<void(const recording::Damage& damage)> damage = {};
};
enum class WalkEnd { sealed, open, stopped };
/// Errors: denied (no key for it here), and those of the reader.
base::Result<WalkEnd> walk(const OpenRecording& recording, const Visitor& visitor);

}  // namespace sallyport::replay
