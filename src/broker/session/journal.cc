// SPDX-License-Identifier: Apache-2.0
// Appending and showing.
#include "broker/session/journal.h"

#include "event/event.pb.h"

namespace sallyport::broker {

using event::Event;

namespace {

recording::EntryKind kind_of(Direction from, const Event& event) {
  return from == Direction::up && event.has_data() ? recording::EntryKind::input : recording::EntryKind::plain;
}

}  // namespace

Journal::Journal(RecordSink& sink, const base::Clock& clock, LiveFeed& feed, HeldBudget& screens,
                 const std::string& user, std::function<void()> wants_keyframe)
    : sink_(sink), clock_(clock), feed_(feed), screens_(screens, user), wants_keyframe_(std::move(wants_keyframe)) {}

std::optional<RecordPlace> Journal::append(Direction from, const Event& event, base::ByteView bytes) {
  const base::Micros now = clock_.now_us();
  if (!sink_.append(kind_of(from, event), now, bytes)) return std::nullopt;
  return RecordPlace{sink_.entries() - 1, now};
}

void Journal::show(RecordPlace at, Direction from, const Event& event, base::ByteView bytes) {
  if (event.has_keyframe()) {
    const event::Keyframe& keyframe = event.keyframe();
    feed_.add_keyframe(at, {keyframe.channel(), keyframe.as_of()},
                       keyframe.more() ? LiveFeed::Part::more_follow : LiveFeed::Part::last, bytes);
    screens_.set(feed_.keyframe_bytes());
    if (!screens_.fits()) feed_.drop_keyframes();
  } else if (kind_of(from, event) == recording::EntryKind::plain) {
    feed_.add(at, from == Direction::up, bytes);
    if (feed_.take_keyframe_due()) wants_keyframe_();
  }
}

bool Journal::write(Direction from, const Event& event, base::ByteView bytes) {
  const auto at = append(from, event, bytes);
  if (at) show(*at, from, event, bytes);
  return at.has_value();
}

bool Journal::write_own(const Event& event) {
  const std::string bytes = event.SerializeAsString();
  return write(Direction::down, event, base::view(bytes));
}

}  // namespace sallyport::broker
