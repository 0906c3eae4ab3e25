// SPDX-License-Identifier: Apache-2.0
// When a keyframe is due, and how a large one is told in parts.
#include "inspector/terminal/terminal_model.h"

#include <algorithm>
#include <string_view>

namespace sallyport::inspector::terminal {

namespace {

using codec::terminal::Trait;
static_assert(event::TerminalTrait_MAX == codec::terminal::kTraits - 1);
static_assert(event::TERMINAL_TRAIT_ALTERNATE_SCREEN == static_cast<int>(Trait::alternate_screen));
static_assert(event::TERMINAL_TRAIT_CURSOR_SHAPE == static_cast<int>(Trait::cursor_shape));
static_assert(event::TERMINAL_TRAIT_KEYBOARD_PROTOCOL == static_cast<int>(Trait::keyboard_protocol));
static_assert(event::TERMINAL_TRAIT_CHARSET == static_cast<int>(Trait::charset));

// CAN ends a sequence that the gap cut, and draws nothing (ECMA-48 §8.3.6).
constexpr std::string_view kCancel = "\x18";

}  // namespace

void TerminalModel::feed(base::ByteView output) {
  terminal_.feed(output);
  since_keyframe_ += output.size();
  if (since_keyframe_ >= std::max(kKeyframeEveryBytes, last_keyframe_bytes_)) keyframe_due_ = true;
}

void TerminalModel::gap() {
  terminal_.feed(base::view(kCancel));
  if (sight_ == Sight::whole) sight_ = Sight::gap_untold;
  keyframe_follows_gap_ = true;
}

bool TerminalModel::state_due() const {
  if (sight_ != Sight::whole) return sight_ == Sight::gap_untold;
  return !(terminal_.traits() == told_);
}

void TerminalModel::tell_state(Teller& teller, std::uint64_t as_of) {
  event::TerminalState state;
  state.set_channel(channel_);
  state.set_as_of(as_of);
  if (sight_ == Sight::gap_untold) {
    sight_ = Sight::gap_told;
    state.set_unknown(true);
    return teller.tell(state);
  }
  told_ = terminal_.traits();
  for (int trait = 0; trait < codec::terminal::kTraits; ++trait) {
    if (told_.has(static_cast<Trait>(trait))) state.add_traits(static_cast<event::TerminalTrait>(trait));
  }
  teller.tell(state);
}

void TerminalModel::tell_keyframe(Teller& teller, std::uint64_t as_of) {
  if (keyframe_due_ && screen_.empty() && !teller.congested()) render(as_of);
  while (!screen_.empty() && !teller.congested()) tell_part(teller);
}

void TerminalModel::render(std::uint64_t as_of) {
  screen_ = terminal_.keyframe();
  sent_ = 0;
  part_.set_channel(channel_);
  part_.set_columns(static_cast<std::uint32_t>(terminal_.size().columns));
  part_.set_rows(static_cast<std::uint32_t>(terminal_.size().rows));
  part_.set_as_of(as_of);
  part_.set_follows_gap(keyframe_follows_gap_);
  keyframe_follows_gap_ = false;
  keyframe_due_ = false;
  since_keyframe_ = 0;
  last_keyframe_bytes_ = screen_.size();
}

void TerminalModel::tell_part(Teller& teller) {
  const auto part = std::string_view(screen_).substr(sent_, kMaxKeyframePart);
  sent_ += part.size();
  part_.set_ansi(std::string(part));
  part_.set_more(sent_ < screen_.size());
  teller.tell(part_);
  if (part_.more()) return;
  part_.Clear();
  std::string().swap(screen_);
}

}  // namespace sallyport::inspector::terminal
