// SPDX-License-Identifier: Apache-2.0
// The terminal's state: units in, libvterm driven, cells out. Untrusted side.
#include "codec/terminal/screen.h"

#include <algorithm>

#include "codec/terminal/combining.h"

namespace sallyport::codec::terminal {
namespace {

// libvterm puts four bytes on the stack for each byte it is given.
constexpr std::size_t kMaxWriteBytes = 1024;

// Origin mode confines the cursor, but libvterm lets some functions leave the margins until the next control sequence.
// This one does nothing else (DSR 0 is a terminal's own answer).
constexpr std::string_view kSettle = "\x1b[0n";

}  // namespace

Screen::Screen(Size size, std::size_t scrollback_bytes)
    : size_(size), scrollback_limit_(scrollback_bytes), main_(size) {
  reset_tab_stops(0);
  make_term();
}

Screen::~Screen() = default;

void Screen::make_term() {
  term_.reset(vterm_new(size_.rows, size_.columns));
  vterm_set_utf8(term_.get(), 1);
  vterm_output_set_callback(
      term_.get(), [](const char*, std::size_t, void*) {}, nullptr);
  state_ = vterm_obtain_state(term_.get());
  vterm_state_reset(state_, 1);
  vterm_state_set_callbacks(state_, &kCallbacks, this);
  // Until something is saved libvterm would restore an invisible cursor without a shape.
  write(
      "\x1b"
      "7");
}

void Screen::reset_tab_stops(int from) {
  tab_stops_.resize(static_cast<std::size_t>(size_.columns));
  for (int c = from; c < size_.columns; ++c) tab_stops_[static_cast<std::size_t>(c)] = c % 8 == 0;
}

VTermPos Screen::position() const {
  VTermPos pos{};
  vterm_state_get_cursorpos(state_, &pos);
  pos.row = std::clamp(pos.row, 0, size_.rows - 1);
  pos.col = std::clamp(pos.col, 0, size_.columns - 1);
  return pos;
}

void Screen::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kMaxWriteBytes);
    vterm_input_write(term_.get(), part.data(), part.size());
    bytes.remove_prefix(part.size());
  }
}

/// A wrap that was due is not any more. What libvterm keeps of it goes too: it forgets on some functions only.
void Screen::drop_wrap() {
  if (tracked_.phantom) write("\x1b[" + std::to_string(position().col + 1) + "`");
  tracked_.phantom = false;
}

/// A control function that moves the cursor or the cells.
void Screen::write_control(std::string_view bytes) {
  write(bytes);
  if (tracked_.modes.origin) write(kSettle);
  drop_wrap();
  last_.reset();
}

void Screen::text(std::string_view ascii) {
  wrote_ = false;
  if (tracked_.modes.origin && tracked_.left_right_margins) {
    for (std::size_t at = 0; at < ascii.size();) {
      const std::size_t n = static_cast<std::uint8_t>(ascii[at]) < 0x80 ? 1 : ascii.size();
      write(ascii.substr(at, n));
      const VTermPos written = position();
      write(kSettle);
      const VTermPos settled = position();
      if (settled.row != written.row || settled.col != written.col) drop_wrap();
      at += n;
    }
  } else {
    write(ascii);
  }
  if (wrote_ && last_) last_->cursor = position();
}

void Screen::character(char32_t code, std::string_view utf8) {
  if (!is_combining(code)) return text(utf8);
  // Ours to place: libvterm loses it at the last column, and when it comes in a write of its own.
  if (!last_) return;
  const VTermPos now = position();
  if (now.row == last_->cursor.row && now.col == last_->cursor.col) active().combine(last_->row, last_->column, code);
}

void Screen::control(std::uint8_t code) {
  if (code < 0x08 || code > 0x0f) return;
  const char byte = static_cast<char>(code);
  if (code < 0x0e) return write_control(std::string_view(&byte, 1));
  tracked_.shifted_in = code == 0x0e ? 1 : 0;
  write(std::string_view(&byte, 1));
}

void Screen::escape(std::string_view body) {
  const char first = body[0];
  const std::string sequence = "\x1b" + std::string(body);
  if (body.size() == 2 && first >= '(' && first <= '+' && (body[1] == '0' || body[1] == 'A' || body[1] == 'B')) {
    tracked_.charsets[static_cast<std::size_t>(first - '(')] = body[1];
    return write(sequence);
  }
  if (body == "#8") return fill_with_e();
  if (body.size() != 1) return;
  switch (first) {
    case '7':
      return save_cursor();
    case '8':
      return restore_cursor();
    case 'c':
      return hard_reset();
    case '=':
    case '>':
      tracked_.modes.application_keypad = first == '=';
      return;
    case 'n':
    case 'o':
      tracked_.shifted_in = first == 'n' ? 2 : 3;
      return write(sequence);
    case 'H':
      tab_stops_[static_cast<std::size_t>(position().col)] = true;
      return write(sequence);
    case 'D':
    case 'E':
    case 'M':
      return write_control(sequence);
    default:
      return;
  }
}

void Screen::csi(const Csi& s) {
  if (s.leader == '?' && s.intermediate == 0 && (s.final == 'h' || s.final == 'l')) return set_modes(s, s.final == 'h');
  if (s.leader == '?' && s.intermediate == 0 && (s.final == 'J' || s.final == 'K')) return forward(s);
  if (s.leader != 0) return set_keyboard(s);
  switch (s.intermediate) {
    case 0:
      break;
    case ' ':
      if (s.final == 'q') write("\x1b[" + std::to_string(s.value_or(0, 1)) + " q");
      return;
    case '\'':
      if (s.final == '}' || s.final == '~') forward(s);
      return;
    case '!':
      if (s.final == 'p') soft_reset();
      return;
    default:
      return;
  }
  switch (s.final) {
    case 'b':
      return repeat(s.value_or(0, 1));
    case 'g':
      return set_tab_stops(s);
    case 'h':
    case 'l':
      return set_modes(s, s.final == 'h');
    case 'r':
      return set_margins(s);
    case 's':
      return tracked_.left_right_margins ? set_margins(s) : save_cursor();
    case 'u':
      return restore_cursor();
    default:
      break;
  }
  static constexpr std::string_view kForwarded = "@ABCDEFGHIJKLMPSTXZ`adefjkm";
  if (kForwarded.find(s.final) != std::string_view::npos) forward(s);
}

/// The sequence again, from what was understood of it: bounded numbers, nothing else.
void Screen::forward(const Csi& s) {
  std::string out = "\x1b[";
  if (s.leader != 0) out += s.leader;
  const std::size_t count = std::min<std::size_t>(s.count, 16);  // as many as libvterm reads
  for (std::size_t i = 0; i < count; ++i) {
    if (s.parameters[i].value >= 0) out += std::to_string(s.parameters[i].value);
    if (i + 1 < count) out += s.parameters[i].sub_follows ? ':' : ';';
  }
  if (s.intermediate != 0) out += s.intermediate;
  out += s.final;
  if (s.final == 'm') return write(out);
  write_control(out);
}

/// REP, ours: libvterm's never ends for a character without width.
void Screen::repeat(int count) {
  if (!last_) return;
  const std::string glyph = grid().text(last_->row, last_->column);
  if (glyph.empty()) return;
  // The charset was applied when the glyph was written; what is repeated is its result.
  const char set = tracked_.charsets[static_cast<std::size_t>(tracked_.shifted_in)];
  if (set != 'B') write("\x1b(B\x0f");
  Splitter whole;
  for (int i = 0; i < std::clamp(count, 1, size_.columns); ++i) whole.feed(base::view(glyph), *this);
  if (set != 'B') write(restore_charsets());
}

void Screen::fill_with_e() {
  for (int r = 0; r < size_.rows; ++r) {
    for (int c = 0; c < size_.columns; ++c) active().put(r, c, U'E', 1, packed_pen_);
  }
  drop_wrap();
  last_.reset();
}

void Screen::push_scrollback(int rows) {
  if (scrollback_limit_ == 0) return;
  for (int r = 0; r < std::min(rows, size_.rows); ++r) {
    scrollback_ += main_.row_text(r);
    scrollback_ += '\n';
  }
  // Cut at once what is a quarter too much: cutting each line would move the rest each time.
  if (scrollback_.size() <= scrollback_limit_ + scrollback_limit_ / 4) return;
  const std::size_t line = scrollback_.find('\n', scrollback_.size() - scrollback_limit_);
  scrollback_.erase(0, line == std::string::npos ? scrollback_.size() : line + 1);
}

void Screen::resize(Size size) {
  const VTermPos old = position();
  // What is above stays on a growing screen; a shrinking one lets the top go, so that the cursor's line stays.
  const int dropped = std::max(0, old.row - (size.rows - 1));
  if (!alternate_ && dropped > 0) push_scrollback(dropped);
  main_.resize(size, alternate_ ? 0 : dropped);
  if (alternate_) alternate_->resize(size, dropped);
  const int old_columns = size_.columns;
  size_ = size;
  tab_stops_.resize(static_cast<std::size_t>(std::min(old_columns, size.columns)));
  reset_tab_stops(old_columns);
  tracked_.top = tracked_.left = 0;
  tracked_.bottom = tracked_.right = -1;
  const int step = tracked_.phantom && old.col + 1 < size.columns ? 1 : 0;
  tracked_.phantom = false;
  last_.reset();
  tracked_.saved.row = std::min(tracked_.saved.row, size.rows - 1);
  tracked_.saved.column = std::min(tracked_.saved.column, size.columns - 1);
  // A fresh libvterm rather than its own resize, which leaves margins and the saved cursor outside the screen.
  const Tracked kept = tracked_;
  const Style pen = pen_;
  make_term();
  tracked_ = kept;
  pen_ = pen;
  write(restore_state({old.row - dropped, std::min(old.col + step, size.columns - 1)}, LastCharacter::omit));
  tracked_ = kept;
}

}  // namespace sallyport::codec::terminal
