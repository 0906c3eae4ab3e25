// SPDX-License-Identifier: Apache-2.0
// One channel in one direction: what can wait by itself, and in which the order of events is kept. Trusted side; plain.
#pragma once

#include <compare>
#include <cstdint>

#include "broker/session/channel_book.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::broker {

struct Lane {
  /// Of what belongs to no channel.
  static constexpr std::int64_t kNoChannel = -1;

  Direction from = Direction::up;
  std::int64_t channel = kNoChannel;

  auto operator<=>(const Lane&) const = default;
};

Lane lane_of(const event::Event& event, Direction from);

}  // namespace sallyport::broker
