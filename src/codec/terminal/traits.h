// SPDX-License-Identifier: Apache-2.0
// What a program may set on a terminal and leave behind, and the bytes that undo it. Runs on the untrusted side, in the
// inspector that sees it set and in the front that undoes it. Pure; knows nothing of screens.
#pragma once

#include <cstdint>
#include <string>

namespace sallyport::codec::terminal {

/// The values are those of event.TerminalTrait.
enum class Trait : std::uint8_t {
  alternate_screen = 0,
  mouse_reports = 1,
  focus_reports = 2,
  bracketed_paste = 3,
  hidden_cursor = 4,
  cursor_shape = 5,
  application_cursor_keys = 6,
  application_keypad = 7,
  keyboard_protocol = 8,  ///< xterm's modifyOtherKeys, kitty's
  reverse_video = 9,
  no_autowrap = 10,
  insert = 11,
  newline = 12,
  margins = 13,  ///< or origin mode
  charset = 14,
};
inline constexpr int kTraits = 15;

class Traits {
 public:
  void add(Trait trait) { bits_ |= bit(trait); }
  bool has(Trait trait) const { return (bits_ & bit(trait)) != 0; }
  bool operator==(const Traits&) const = default;

 private:
  static std::uint32_t bit(Trait trait) { return std::uint32_t{1} << static_cast<unsigned>(trait); }
  std::uint32_t bits_ = 0;
};

/// Bytes that bring a terminal with these traits back to where a shell can use it. They end a sequence or a colour that
/// was cut short, too. What had no trait is not touched, so a screen that needs nothing keeps its cursor.
std::string undo(const Traits& traits);

}  // namespace sallyport::codec::terminal
