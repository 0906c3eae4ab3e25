// SPDX-License-Identifier: Apache-2.0
// One model a terminal, as long as its channel is open.
#include "cli/screen_check.h"

#include <algorithm>

#include "event/event.pb.h"

namespace sallyport::cli {

using codec::terminal::Size;
using codec::terminal::Terminal;

namespace {

// A small screen has state of its own, too.
std::size_t cells_of(Size size) {
  return std::max<std::size_t>(static_cast<std::size_t>(size.rows) * static_cast<std::size_t>(size.columns), 2000);
}

}  // namespace

void ScreenCheck::see(base::Micros time_us, bool up, const event::Event& event) {
  tracker_.see(time_us, event);
  switch (event.kind_case()) {
    case event::Event::kData:
      if (auto* screen = up ? nullptr : screen_of(event.data().channel()))
        screen->feed(base::view(event.data().bytes()));
      return;
    case event::Event::kRequest:
      if (const auto size = resize_of(event, event.request().channel())) resize(event.request().channel(), *size);
      return;
    case event::Event::kKeyframe:
      return keyframe(event.keyframe());
    case event::Event::kClose:
      // Only what comes down can still draw; nothing does after its end.
      if (!up) drop({event.close().channel(), Kind::screen});
      if (!up) drop({event.close().channel(), Kind::keyframe});
      return;
    default:
      return;
  }
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
  const Terminal* screen = screen_of(part.channel());
  if (screen == nullptr) {
    ++left_out_;
  } else if (recorded->size() == screen->size()) {
    ++compared_;
    if (recorded->cells() != screen->cells()) ++different_;
  }
  drop(key);
}

}  // namespace sallyport::cli
