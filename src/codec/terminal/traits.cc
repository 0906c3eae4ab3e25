// SPDX-License-Identifier: Apache-2.0
// The order matters: what belongs to the other screen is undone there, before it is left. Untrusted side; pure.
#include "codec/terminal/traits.h"

#include <utility>

namespace sallyport::codec::terminal {

std::string undo(const Traits& traits) {
  const bool alternate = traits.has(Trait::alternate_screen);
  // CAN and ST end whatever sequence was under way, and do nothing else.
  std::string out = "\x18\x1b\\";
  if (traits.has(Trait::keyboard_protocol)) out += "\x1b[>4;0m\x1b[<16u\x1b[=0u";
  if (traits.has(Trait::margins)) out += "\x1b[?6l\x1b[?69l\x1b[r";
  // That put the cursor at the top, in the middle of what is on the screen.
  if (traits.has(Trait::margins) && !alternate) out += "\x1b[999;1H";
  if (alternate) out += "\x1b[?1049l";
  static constexpr std::pair<Trait, const char*> kUndo[] = {
      {Trait::mouse_reports, "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l"},
      {Trait::focus_reports, "\x1b[?1004l"},
      {Trait::bracketed_paste, "\x1b[?2004l"},
      {Trait::application_cursor_keys, "\x1b[?1l"},
      {Trait::application_keypad, "\x1b>"},
      {Trait::reverse_video, "\x1b[?5l"},
      {Trait::no_autowrap, "\x1b[?7h"},
      {Trait::insert, "\x1b[4l"},
      {Trait::newline, "\x1b[20l"},
  };
  for (const auto& [trait, sequence] : kUndo) {
    if (traits.has(trait)) out += sequence;
  }
  // Leaving the other screen may bring back what was saved when it was entered.
  if (alternate || traits.has(Trait::charset)) out += "\x1b(B\x0f";
  if (alternate || traits.has(Trait::hidden_cursor)) out += "\x1b[?25h";
  if (alternate || traits.has(Trait::cursor_shape)) out += "\x1b[0 q";
  return out + "\x1b[0m";
}

}  // namespace sallyport::codec::terminal
