// SPDX-License-Identifier: Apache-2.0
// When a keyframe is due, and how a large one is told in parts.
#include "leg/terminal/terminal_model.h"

#include <algorithm>
#include <string_view>

#include "event/event.pb.h"

namespace sallyport::leg::terminal {

namespace {

// Terminal output between two keyframes that nobody asked for: replay starts from one. A screen that takes more than
// that to tell comes less often, so that the record does not grow by screens alone.
constexpr std::size_t kKeyframeEveryBytes = 256 * 1024;
constexpr std::size_t kMaxKeyframePart = 48 * 1024;

using codec::terminal::Trait;
static_assert(event::TerminalTrait_MAX == codec::terminal::kTraits - 1);
static_assert(event::TERMINAL_TRAIT_ALTERNATE_SCREEN == static_cast<int>(Trait::alternate_screen));
static_assert(event::TERMINAL_TRAIT_CURSOR_SHAPE == static_cast<int>(Trait::cursor_shape));
static_assert(event::TERMINAL_TRAIT_KEYBOARD_PROTOCOL == static_cast<int>(Trait::keyboard_protocol));
static_assert(event::TERMINAL_TRAIT_CHARSET == static_cast<int>(Trait::charset));

}  // namespace

void TerminalModel::feed(base::ByteView output) {
  terminal_.feed(output);
  traits_due_ = !(terminal_.traits() == told_);
  since_keyframe_ += output.size();
  if (since_keyframe_ >= std::max(kKeyframeEveryBytes, last_keyframe_bytes_)) keyframe_due_ = true;
}

bool TerminalModel::tell(BrokerPort& port) {
  if (!due()) return true;
  if (port.congested()) return false;
  // What a redraw sets and takes back in one go is not told.
  if (traits_due_ && !telling()) tell_traits(port);
  if (keyframe_due_ && !telling()) render();
  while (telling()) {
    if (port.congested()) return false;
    send_part(port);
  }
  return !due();
}

void TerminalModel::tell_traits(BrokerPort& port) {
  traits_due_ = false;
  const codec::terminal::Traits now = terminal_.traits();
  if (now == told_) return;
  told_ = now;
  event::Event event;
  event.mutable_terminal_state()->set_channel(channel_);
  for (int trait = 0; trait < codec::terminal::kTraits; ++trait) {
    if (!now.has(static_cast<Trait>(trait))) continue;
    event.mutable_terminal_state()->add_traits(static_cast<event::TerminalTrait>(trait));
  }
  port.send_event(event);
}

void TerminalModel::render() {
  screen_ = terminal_.keyframe();
  screen_size_ = terminal_.size();
  sent_ = 0;
  keyframe_due_ = false;
  since_keyframe_ = 0;
  last_keyframe_bytes_ = screen_.size();
}

void TerminalModel::send_part(BrokerPort& port) {
  const auto part = std::string_view(screen_).substr(sent_, kMaxKeyframePart);
  sent_ += part.size();
  event::Event event;
  auto* keyframe = event.mutable_keyframe();
  keyframe->set_channel(channel_);
  keyframe->set_columns(static_cast<std::uint32_t>(screen_size_.columns));
  keyframe->set_rows(static_cast<std::uint32_t>(screen_size_.rows));
  keyframe->set_ansi(std::string(part));
  keyframe->set_more(sent_ < screen_.size());
  port.send_event(event);
  if (!keyframe->more()) std::string().swap(screen_);
}

}  // namespace sallyport::leg::terminal
