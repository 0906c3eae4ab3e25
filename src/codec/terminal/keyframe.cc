// SPDX-License-Identifier: Apache-2.0
// A screen as the bytes that draw it again, and set everything else as it was. Untrusted side; pure.
#include <algorithm>

#include "codec/terminal/screen.h"

namespace sallyport::codec::terminal {
namespace {

std::string color(const Color& c, int base) {
  const std::string start = std::to_string(base);
  switch (c.kind) {
    case Color::Kind::standard:
      return "";
    case Color::Kind::indexed:
      return "\x1b[" + start + ";5;" + std::to_string(c.red) + "m";
    case Color::Kind::rgb:
      return "\x1b[" + start + ";2;" + std::to_string(c.red) + ";" + std::to_string(c.green) + ";" +
             std::to_string(c.blue) + "m";
  }
  return "";
}

/// Draws the cells of a grid on a cleared screen, with nothing set but the pen.
class Drawing {
 public:
  explicit Drawing(const Grid& grid) : grid_(grid) {}

  std::string run() {
    for (row_ = 0; row_ < grid_.size().rows; ++row_) {
      at_ = -1;
      for (int c = 0; c < grid_.size().columns;) c += grid_.blank(row_, c) ? blanks(c) : character(c);
    }
    return std::move(out_);
  }

 private:
  void place(int column, const PackedStyle& style) {
    if (at_ != column) out_ += move_to(row_, column);
    if (!(style == pen_)) out_ += sgr(unpack(style));
    pen_ = style;
  }

  /// A run of blanks with one background; the default one is there already.
  int blanks(int column) {
    const std::uint32_t background = grid_.style(row_, column).background;
    int count = 0;
    while (column + count < grid_.size().columns && grid_.blank(row_, column + count) &&
           grid_.style(row_, column + count).background == background) {
      ++count;
    }
    if (background != 0) {
      place(column, {0, background, 0});
      out_ += "\x1b[" + std::to_string(count) + "X";
      at_ = column;
    }
    return count;
  }

  int character(int column) {
    place(column, grid_.style(row_, column));
    out_ += grid_.text(row_, column);
    const int width = std::max(1, grid_.width(row_, column));
    at_ = column + width < grid_.size().columns ? column + width : -1;
    return width;
  }

  const Grid& grid_;
  std::string out_;
  int row_ = 0;
  int at_ = -1;
  PackedStyle pen_;
};

}  // namespace

std::string move_to(int row, int column) {
  return "\x1b[" + std::to_string(row + 1) + ";" + std::to_string(column + 1) + "H";
}

std::string sgr(const Style& s) {
  std::string out = "\x1b[0";
  if (s.bold) out += ";1";
  if (s.italic) out += ";3";
  if (s.underline == Underline::single) out += ";4";
  if (s.underline == Underline::twofold) out += ";21";
  if (s.underline == Underline::curly) out += ";4:3";
  if (s.blink) out += ";5";
  if (s.reverse) out += ";7";
  if (s.strike) out += ";9";
  return out + "m" + color(s.foreground, 38) + color(s.background, 48);
}

std::string Screen::keyframe() const {
  std::string out = Drawing(main_).run();
  if (alternate_) {
    out += "\x1b[0m\x1b[?1047h";
    out += Drawing(*alternate_).run();
  }
  out += restore_state(position(), LastCharacter::again);
  out += splitter_.pending();
  return out;
}

std::string Screen::restore_state(VTermPos cursor, LastCharacter last) const {
  std::string out = "\x1b[0m" + restore_tab_stops();
  // The saved cursor first: saving takes the position, the pen and the cursor's looks as they are then.
  const SavedCursor& saved = tracked_.saved;
  const auto looks = [](bool visible, bool blinking, CursorShape shape) {
    const int style = static_cast<int>(shape) * 2 - (blinking ? 1 : 0);
    return "\x1b[" + std::to_string(style) + " q" + (visible ? "\x1b[?25h" : "\x1b[?25l");
  };
  out += move_to(saved.row, saved.column) + sgr(saved.pen) + looks(saved.visible, saved.blinking, saved.shape);
  out +=
      "\x1b"
      "7";
  out += looks(tracked_.visible, tracked_.blinking, tracked_.shape);
  if (tracked_.top != 0 || tracked_.bottom >= 0) {
    const int bottom = tracked_.bottom < 0 ? size_.rows : tracked_.bottom;
    out += "\x1b[" + std::to_string(tracked_.top + 1) + ";" + std::to_string(bottom) + "r";
  }
  if (tracked_.left_right_margins || tracked_.left != 0 || tracked_.right >= 0) {
    const int right = tracked_.right < 0 ? size_.columns : tracked_.right;
    out += "\x1b[?69h\x1b[" + std::to_string(tracked_.left + 1) + ";" + std::to_string(right) + "s";
    if (!tracked_.left_right_margins) out += "\x1b[?69l";
  }
  if (tracked_.modes.origin) out += "\x1b[?6h";
  out += restore_cursor_at(cursor, last);
  out += sgr(pen_) + restore_modes() + restore_charsets();
  return out;
}

std::string Screen::restore_tab_stops() const {
  bool usual = true;
  for (std::size_t c = 0; c < tab_stops_.size(); ++c) usual = usual && tab_stops_[c] == (c % 8 == 0);
  if (usual) return "";
  std::string out = "\x1b[3g";
  for (std::size_t c = 0; c < tab_stops_.size(); ++c) {
    if (tab_stops_[c]) out += move_to(0, static_cast<int>(c)) + "\x1bH";
  }
  return out;
}

/// Puts the cursor back. Where the last character can still be joined, repeated or wrapped after, it is written again.
std::string Screen::restore_cursor_at(VTermPos cursor, LastCharacter last) const {
  const int top = tracked_.modes.origin ? tracked_.top : 0;
  const int left = tracked_.modes.origin && tracked_.left_right_margins ? tracked_.left : 0;
  const auto go = [&](int row, int column) { return move_to(row - top, column - left); };
  if (last == LastCharacter::again && tracked_.phantom) {
    const Grid& g = grid();
    const int column = cursor.col;
    return go(cursor.row, column) + sgr(unpack(g.style(cursor.row, column))) + g.text(cursor.row, column);
  }
  if (last == LastCharacter::again && last_ && last_->row == cursor.row && last_->column >= left &&
      last_->cursor.row == cursor.row && last_->cursor.col == cursor.col && !grid().blank(last_->row, last_->column)) {
    const Grid& g = grid();
    const std::string again = sgr(unpack(g.style(last_->row, last_->column))) + g.text(last_->row, last_->column);
    // Written without wrapping: otherwise it would leave a wrap that is not due here.
    return go(last_->row, last_->column) + "\x1b[?7l" + again + "\x1b[?7h";
  }
  return go(cursor.row, cursor.col);
}

std::string Screen::restore_charsets() const {
  std::string out;
  for (std::size_t i = 0; i < tracked_.charsets.size(); ++i) {
    if (tracked_.charsets[i] != 'B') out += std::string("\x1b") + "()*+"[i] + tracked_.charsets[i];
  }
  static constexpr std::string_view kShifts[] = {"", "\x0e", "\x1bn", "\x1bo"};
  return out + std::string(kShifts[tracked_.shifted_in]);
}

std::string Screen::restore_modes() const {
  const Modes& m = tracked_.modes;
  std::string out;
  if (m.insert) out += "\x1b[4h";
  if (m.newline) out += "\x1b[20h";
  if (!m.autowrap) out += "\x1b[?7l";
  if (m.application_cursor_keys) out += "\x1b[?1h";
  if (m.application_keypad) out += "\x1b=";
  if (m.reverse_video) out += "\x1b[?5h";
  if (m.bracketed_paste) out += "\x1b[?2004h";
  if (m.focus_reports) out += "\x1b[?1004h";
  if (m.mouse == MouseReports::clicks) out += "\x1b[?1000h";
  if (m.mouse == MouseReports::drags) out += "\x1b[?1002h";
  if (m.mouse == MouseReports::moves) out += "\x1b[?1003h";
  if (tracked_.mouse_encoding == MouseEncoding::utf8) out += "\x1b[?1005h";
  if (tracked_.mouse_encoding == MouseEncoding::sgr) out += "\x1b[?1006h";
  if (tracked_.mouse_encoding == MouseEncoding::urxvt) out += "\x1b[?1015h";
  return out;
}

}  // namespace sallyport::codec::terminal
