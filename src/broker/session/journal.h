// SPDX-License-Identifier: Apache-2.0
// What a session writes: its record, and what those who watch see of it. Trusted side, on a session loop. Watchers see
// nothing that is not in the record, and never what the user types.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "broker/record/record_sink.h"
#include "broker/session/channel_book.h"
#include "broker/session/held_budget.h"
#include "broker/session/live_feed.h"
#include "recording/types.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::broker {

class Journal {
 public:
  /// wants_keyframe: those who join would have to look through much; called after an event was shown.
  Journal(RecordSink& sink, const base::Clock& clock, LiveFeed& feed, HeldBudget& screens, const std::string& user,
          std::function<void()> wants_keyframe);

  bool ready() const { return sink_.ready(); }
  std::uint64_t entries() const { return sink_.entries(); }
  void synced(std::function<void(bool ok)> done) { sink_.synced(std::move(done)); }

  /// Appended, and not shown yet: its place is returned for show(). None: the record failed.
  std::optional<RecordPlace> append(Direction from, const event::Event& event, base::ByteView bytes);
  void show(RecordPlace at, Direction from, const event::Event& event, base::ByteView bytes);
  /// Both. False: the record failed.
  bool write(Direction from, const event::Event& event, base::ByteView bytes);
  /// An event of the broker's own.
  bool write_own(const event::Event& event);
  /// The channel has ended.
  void forget(std::uint32_t channel) { feed_.forget(channel); }

 private:
  RecordSink& sink_;
  const base::Clock& clock_;
  LiveFeed& feed_;
  HeldBudget::Share screens_;
  std::function<void()> wants_keyframe_;
};

}  // namespace sallyport::broker
