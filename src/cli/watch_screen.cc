// SPDX-License-Identifier: Apache-2.0
// Keyframes, and what follows them.
#include "cli/watch_screen.h"

#include <algorithm>
#include <utility>

#include "cli/record_access.h"
#include "event/event.pb.h"

namespace sallyport::cli {

using codec::terminal::Terminal;
using event::Event;

namespace {
constexpr std::size_t kAroundKept = 128;  // what a change costs in memory however short it is
}

bool WatchScreen::see(std::uint64_t sequence, const Event& event) {
  switch (event.kind_case()) {
    case Event::kKeyframe:
      return keyframe(event.keyframe());
    case Event::kRequest: {
      const event::Request& request = event.request();
      if (const auto size = resize_of(event, request.channel())) {
        return change({request.channel(), sequence, {}, size});
      }
      if (!request.has_pty() || (screen_ && request.channel() != channel_)) return false;
      screen_.emplace(codec::terminal::announced_size(request.pty().columns(), request.pty().rows()), 0);
      channel_ = request.channel();
      as_of_ = sequence;
      whole_ = true;
      return true;
    }
    case Event::kData:
      return change({event.data().channel(), sequence, event.data().bytes(), {}});
    default:
      return false;
  }
}

bool WatchScreen::change(Change change) {
  const bool shows = screen_ && change.channel == channel_;
  if (screen_ && !shows) return false;
  if (shows && change.sequence > as_of_) apply(change);
  if (!whole_) keep(std::move(change));
  return shows;
}

void WatchScreen::apply(const Change& change) {
  screen_->feed(base::view(change.output));
  if (change.size) screen_->resize(*change.size);
}

void WatchScreen::keep(Change change) {
  kept_bytes_ += change.output.size() + kAroundKept;
  kept_.push_back(std::move(change));
  while (kept_bytes_ > kMaxKeptBytes) {
    dropped_up_to_ = kept_.front().sequence;
    kept_bytes_ -= kept_.front().output.size() + kAroundKept;
    kept_.pop_front();
  }
}

// A watcher who missed nothing has no use for it.
bool WatchScreen::keyframe(const event::Keyframe& keyframe) {
  if (screen_ && (whole_ || keyframe.channel() != channel_)) return keyframe.channel() == channel_;
  if (!coming_ || coming_channel_ != keyframe.channel()) {
    coming_.emplace(codec::terminal::announced_size(keyframe.columns(), keyframe.rows()), 0);
    coming_channel_ = keyframe.channel();
  }
  coming_->feed(base::view(keyframe.ansi()));
  if (keyframe.more()) return true;
  screen_ = std::exchange(coming_, std::nullopt);
  channel_ = keyframe.channel();
  as_of_ = keyframe.as_of();
  whole_ = as_of_ >= dropped_up_to_ && !keyframe.follows_gap();
  const auto kept = std::exchange(kept_, {});
  kept_bytes_ = 0;
  for (const Change& one : kept) {
    if (one.channel != channel_) continue;
    if (one.sequence > as_of_) apply(one);
    if (!whole_) keep(one);
  }
  return true;
}

void WatchScreen::gap() {
  whole_ = false;
  coming_.reset();
  kept_.clear();
  kept_bytes_ = 0;
}

}  // namespace sallyport::cli
