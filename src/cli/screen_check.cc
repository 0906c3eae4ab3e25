// SPDX-License-Identifier: Apache-2.0
// One model a terminal, as long as its channel is open.
#include "cli/screen_check.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "event/event.pb.h"

namespace sallyport::cli {

using codec::terminal::Size;
using codec::terminal::Terminal;

namespace {

// A small screen has state of its own, too.
std::size_t cells_of(Size size) {
  return std::max<std::size_t>(static_cast<std::size_t>(size.rows) * static_cast<std::size_t>(size.columns), 2000);
}

constexpr std::size_t kAroundChange = 128;  // what a change costs in memory however short it is

}  // namespace

void ScreenCheck::see(const EventPlace& at, const event::Event& event) {
  tracker_.see(at.time_us, event);
  switch (event.kind_case()) {
    case event::Event::kData:
      if (!at.up) wait({event.data().channel(), at.sequence, event.data().bytes(), {}});
      return;
    case event::Event::kRequest:
      if (const auto size = resize_of(event, event.request().channel())) {
        wait({event.request().channel(), at.sequence, {}, size});
      }
      return;
    case event::Event::kKeyframe:
      return keyframe(event.keyframe());
    case event::Event::kClose:
      // Only what comes down can still draw; nothing does after its end.
      if (!at.up) drop({event.close().channel(), Kind::screen});
      if (!at.up) drop({event.close().channel(), Kind::keyframe});
      return;
    default:
      return;
  }
}

void ScreenCheck::wait(Change change) {
  if (screen_of(change.channel) == nullptr) return;
  waiting_bytes_ += change.output.size() + kAroundChange;
  waiting_.push_back(std::move(change));
  while (waiting_bytes_ > kMaxWaitingBytes) draw_first();
}

void ScreenCheck::draw_up_to(std::uint64_t sequence) {
  while (!waiting_.empty() && waiting_.front().sequence <= sequence) draw_first();
}

void ScreenCheck::draw_first() {
  const Change change = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= change.output.size() + kAroundChange;
  const auto screen = models_.find({change.channel, Kind::screen});
  if (screen == models_.end()) return;
  drawn_up_to_[change.channel] = change.sequence;
  if (change.size) return resize(change.channel, *change.size);
  screen->second.feed(base::view(change.output));
}

Terminal* ScreenCheck::screen_of(std::uint32_t channel) {
  if (const auto known = models_.find({channel, Kind::screen}); known != models_.end()) return &known->second;
  const ChannelFacts* facts = tracker_.find(channel);
  if (facts == nullptr || !facts->terminal || facts->closed || given_up_.contains(channel)) return nullptr;
  Terminal* made = make({channel, Kind::screen}, facts->size);
  if (made == nullptr) given_up_.insert(channel);
  return made;
}

// A model that missed some of the output would only differ.
void ScreenCheck::give_up(std::uint32_t channel) {
  drop({channel, Kind::screen});
  given_up_.insert(channel);
}

Terminal* ScreenCheck::make(Key key, Size size) {
  const std::size_t cells = cells_of(size);
  if (cells_ + cells > kMaxCells) return nullptr;
  cells_ += cells;
  return &models_.try_emplace(key, size, 0).first->second;
}

void ScreenCheck::drop(Key key) {
  const auto found = models_.find(key);
  if (found == models_.end()) return;
  if (key.second == Kind::screen) drawn_up_to_.erase(key.first);
  cells_ -= cells_of(found->second.size());
  models_.erase(found);
}

void ScreenCheck::resize(std::uint32_t channel, Size size) {
  Terminal* screen = screen_of(channel);
  if (screen == nullptr) return;
  const std::size_t others = cells_ - cells_of(screen->size());
  if (others + cells_of(size) > kMaxCells) return give_up(channel);
  cells_ = others + cells_of(size);
  screen->resize(size);
}

// A large screen comes in parts.
void ScreenCheck::keyframe(const event::Keyframe& part) {
  const Key key{part.channel(), Kind::keyframe};
  const auto known = models_.find(key);
  Terminal* recorded =
      known != models_.end() ? &known->second : make(key, codec::terminal::announced_size(part.columns(), part.rows()));
  if (recorded == nullptr) {
    left_out_ += part.more() ? 0 : 1;
    return;
  }
  recorded->feed(base::view(part.ansi()));
  if (part.more()) return;
  draw_up_to(part.as_of() != 0 ? part.as_of() : std::numeric_limits<std::uint64_t>::max());
  const Terminal* screen = screen_of(part.channel());
  const auto drawn = drawn_up_to_.find(part.channel());
  const bool passed = part.as_of() != 0 && drawn != drawn_up_to_.end() && drawn->second > part.as_of();
  if (screen == nullptr || passed || part.follows_gap()) {
    ++left_out_;
  } else if (recorded->size() == screen->size()) {
    ++compared_;
    if (recorded->cells() != screen->cells()) ++different_;
  }
  drop(key);
}

}  // namespace sallyport::cli
