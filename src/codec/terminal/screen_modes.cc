// SPDX-License-Identifier: Apache-2.0
// Modes, margins, tab stops, resets and the saved cursor: passed to libvterm and tracked beside it. Untrusted side.
#include <algorithm>

#include "codec/terminal/screen.h"

namespace sallyport::codec::terminal {
namespace {

std::string private_mode(int mode, bool on) {
  return "\x1b[?" + std::to_string(mode) + (on ? "h" : "l");
}

}  // namespace

void Screen::set_modes(const Csi& s, bool on) {
  for (std::size_t i = 0; i < s.count; ++i) {
    const int mode = s.value_or(i, 0);
    if (s.leader == '?') {
      set_private_mode(mode, on);
    } else {
      set_ansi_mode(mode, on);
    }
  }
}

void Screen::set_ansi_mode(int mode, bool on) {
  if (mode == 4) {
    tracked_.modes.insert = on;
  } else if (mode == 20) {
    tracked_.modes.newline = on;
  } else {
    return;
  }
  write("\x1b[" + std::to_string(mode) + (on ? "h" : "l"));
}

void Screen::set_private_mode(int mode, bool on) {
  Modes& m = tracked_.modes;
  const auto mouse = [&](MouseReports reports) { m.mouse = on ? reports : MouseReports::none; };
  const auto encoding = [&](MouseEncoding e) { tracked_.mouse_encoding = on ? e : MouseEncoding::standard; };
  switch (mode) {
    case 1:
      m.application_cursor_keys = on;
      return;
    case 5:
      m.reverse_video = on;
      return;
    case 6:
      m.origin = on;
      return write_control(private_mode(6, on));
    case 7:
      m.autowrap = on;
      return write(private_mode(7, on));
    case 12:
    case 25:
      return write(private_mode(mode, on));
    case 47:
    case 1047:
      return on ? enter_alternate() : leave_alternate();
    case 69:
      tracked_.left_right_margins = on;
      return write(private_mode(69, on));
    case 1000:
      return mouse(MouseReports::clicks);
    case 1002:
      return mouse(MouseReports::drags);
    case 1003:
      return mouse(MouseReports::moves);
    case 1004:
      m.focus_reports = on;
      return;
    case 1005:
      return encoding(MouseEncoding::utf8);
    case 1006:
      return encoding(MouseEncoding::sgr);
    case 1015:
      return encoding(MouseEncoding::urxvt);
    case 1048:
      return on ? save_cursor() : restore_cursor();
    case 1049:
      if (on) {
        save_cursor();
        return enter_alternate();
      }
      leave_alternate();
      return restore_cursor();
    case 2004:
      m.bracketed_paste = on;
      return;
    default:
      return;
  }
}

// Not libvterm's: nothing of it is seen on the screen.
void Screen::set_keyboard(const Csi& s) {
  constexpr int kMostPushes = 16;  // kitty keeps fewer
  if (s.intermediate != 0) return;
  if (s.final == 'm' && s.leader == '>' && s.value_or(0, 0) == 4) tracked_.modify_other_keys = s.value_or(1, 0) > 0;
  if (s.final != 'u') return;
  int& pushes = tracked_.keyboard_pushes;
  if (s.leader == '>') pushes = std::min(pushes + 1, kMostPushes);
  if (s.leader == '<') pushes = std::max(0, pushes - std::max(1, s.value_or(0, 1)));
  if (s.leader == '=') tracked_.keyboard_flags = s.value_or(0, 0) > 0;
}

void Screen::set_margins(const Csi& s) {
  const bool rows = s.final == 'r';
  const int extent = rows ? size_.rows : size_.columns;
  int first = std::min(s.value_or(0, 1) - 1, extent);
  int last = std::min(s.count > 1 ? s.value_or(1, -1) : -1, extent);
  first = std::max(first, 0);
  if (last == 0 || (last > 0 && last <= first) || first >= extent) {
    first = 0;
    last = -1;
  }
  if (first == 0 && last == extent) last = -1;
  (rows ? tracked_.top : tracked_.left) = first;
  (rows ? tracked_.bottom : tracked_.right) = last;
  const std::string end = last < 0 ? std::to_string(extent) : std::to_string(last);
  write_control("\x1b[" + std::to_string(first + 1) + ";" + end + s.final);
}

void Screen::set_tab_stops(const Csi& s) {
  const int which = s.value_or(0, 0);
  if (which == 0) {
    tab_stops_[static_cast<std::size_t>(position().col)] = false;
    write("\x1b[g");
  } else if (which == 3) {
    tab_stops_.assign(tab_stops_.size(), false);
    write("\x1b[3g");
  }
}

void Screen::soft_reset() {
  for (const auto& [mode, on] : {std::pair{25, true}, {1, false}, {7, true}, {69, false}}) set_private_mode(mode, on);
  if (tracked_.modes.origin) set_private_mode(6, false);
  set_ansi_mode(4, false);
  tracked_.modes.application_keypad = false;
  tracked_.charsets.fill('B');
  tracked_.shifted_in = 0;
  tracked_.top = tracked_.left = 0;
  tracked_.bottom = tracked_.right = -1;
  write("\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b[r\x1b[s\x1b[0m");
}

void Screen::hard_reset() {
  leave_alternate();
  const SavedCursor saved = tracked_.saved;
  tracked_ = Tracked{};
  tracked_.saved = saved;  // as in libvterm
  last_.reset();
  reset_tab_stops(0);
  write(
      "\x1b"
      "c");
}

void Screen::save_cursor() {
  const VTermPos pos = position();
  tracked_.saved = {pos.row, pos.col, pen_, tracked_.visible, tracked_.blinking, tracked_.shape};
  write(
      "\x1b"
      "7");
}

void Screen::restore_cursor() {
  write_control(
      "\x1b"
      "8");
}

void Screen::enter_alternate() {
  drop_wrap();
  last_.reset();
  tracked_.modes.alternate_screen = true;
  if (!alternate_) alternate_ = std::make_unique<Grid>(size_);
  alternate_->erase({0, size_.rows, 0, size_.columns}, packed_pen_.background);
}

void Screen::leave_alternate() {
  drop_wrap();
  last_.reset();
  tracked_.modes.alternate_screen = false;
  alternate_.reset();
}

}  // namespace sallyport::codec::terminal
