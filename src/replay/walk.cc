// SPDX-License-Identifier: Apache-2.0
// The steps of a reader, as events.
#include "replay/walk.h"

#include "event/event.pb.h"

namespace sallyport::replay {

base::Result<WalkEnd> walk(const OpenRecording& recording, const Visitor& visitor) {
  if (recording.keys.session.empty()) {
    if (!recording.key_problem.empty()) return base::fail(base::Errc::denied, recording.key_problem);
    return base::fail(base::Errc::denied,
                      "this node cannot read the recording: it is encrypted to other recipients (verify works)");
  }
  auto reader = recording::Reader::open(recording.source, recording.keys.duplicate());
  if (!reader) return base::pass(reader);
  for (;;) {
    auto step = reader->next();
    if (!step) return base::pass(step);
    if (std::holds_alternative<recording::End>(*step)) return WalkEnd::sealed;
    if (std::holds_alternative<recording::Waiting>(*step)) return WalkEnd::open;
    if (const auto* damage = std::get_if<recording::Damage>(&*step)) {
      if (visitor.damage) visitor.damage(*damage);
      continue;
    }
    const auto& entry = std::get<recording::Entry>(*step);
    if (entry.hidden) {
      if (visitor.hidden) visitor.hidden(entry.time_us);
      continue;
    }
    if (visitor.skip && visitor.skip(entry.event)) continue;
    event::Event event;
    if (!event.ParseFromArray(entry.event.data(), static_cast<int>(entry.event.size()))) {
      if (visitor.damage) {
        visitor.damage({"entry " + std::to_string(entry.seq), "is not an event that this version knows"});
      }
      continue;
    }
    const EventPlace at{entry.seq, entry.time_us, entry.kind == recording::EntryKind::input};
    if (!visitor.event(at, event)) return WalkEnd::stopped;
  }
}

}  // namespace sallyport::replay
