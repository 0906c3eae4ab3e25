// SPDX-License-Identifier: Apache-2.0
// The public face of the screen. Untrusted side.
#include "codec/terminal/terminal.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "codec/terminal/screen.h"

namespace sallyport::codec::terminal {
namespace {

Size clamp(Size s) {
  return {std::clamp(s.rows, 1, kMaxSize.rows), std::clamp(s.columns, 1, kMaxSize.columns)};
}

int bounded(std::uint32_t announced, int usual, int most) {
  return announced == 0 ? usual
                        : static_cast<int>(std::min<std::uint32_t>(announced, static_cast<std::uint32_t>(most)));
}

}  // namespace

Size announced_size(std::uint32_t columns, std::uint32_t rows) {
  const Size usual;
  return {bounded(rows, usual.rows, kMaxSize.rows), bounded(columns, usual.columns, kMaxSize.columns)};
}

std::optional<Size> changed_size(std::uint32_t columns, std::uint32_t rows) {
  if (columns == 0 || rows == 0) return std::nullopt;
  return announced_size(columns, rows);
}

struct Terminal::State {
  State(Size size, std::size_t scrollback_bytes) : screen(size, scrollback_bytes) {}
  Screen screen;
};

Terminal::Terminal(Size size, std::size_t scrollback_bytes)
    : state_(std::make_unique<State>(clamp(size), scrollback_bytes)) {}
Terminal::~Terminal() = default;
Terminal::Terminal(Terminal&&) noexcept = default;
Terminal& Terminal::operator=(Terminal&&) noexcept = default;

void Terminal::feed(base::ByteView bytes) {
  state_->screen.feed(bytes);
}

void Terminal::resize(Size wanted) {
  const Size size_now = clamp(wanted);
  if (!(size_now == size())) state_->screen.resize(size_now);
}

Size Terminal::size() const {
  return state_->screen.grid().size();
}

Cursor Terminal::cursor() const {
  const VTermPos pos = state_->screen.position();
  const Tracked& t = state_->screen.tracked();
  return {pos.row, pos.col, t.visible, t.blinking, t.shape};
}

Modes Terminal::modes() const {
  return state_->screen.tracked().modes;
}

Traits Terminal::traits() const {
  const Tracked& t = state_->screen.tracked();
  const Modes& m = t.modes;
  Traits out;
  const std::pair<Trait, bool> all[] = {
      {Trait::alternate_screen, m.alternate_screen},
      {Trait::mouse_reports, m.mouse != MouseReports::none || t.mouse_encoding != MouseEncoding::standard},
      {Trait::focus_reports, m.focus_reports},
      {Trait::bracketed_paste, m.bracketed_paste},
      {Trait::hidden_cursor, !t.visible},
      {Trait::cursor_shape, t.shape != CursorShape::block},
      {Trait::application_cursor_keys, m.application_cursor_keys},
      {Trait::application_keypad, m.application_keypad},
      {Trait::keyboard_protocol, t.modify_other_keys || t.keyboard_flags || t.keyboard_pushes > 0},
      {Trait::reverse_video, m.reverse_video},
      {Trait::no_autowrap, !m.autowrap},
      {Trait::insert, m.insert},
      {Trait::newline, m.newline},
      {Trait::margins, m.origin || t.left_right_margins || t.top != 0 || t.bottom >= 0},
      {Trait::charset, t.charsets[0] != 'B' || t.shifted_in != 0},
  };
  static_assert(std::size(all) == kTraits);
  for (const auto& [trait, set] : all) {
    if (set) out.add(trait);
  }
  return out;
}

Cell Terminal::cell(int row, int column) const {
  const Grid& grid = state_->screen.grid();
  return {grid.text(row, column), grid.width(row, column), unpack(grid.style(row, column))};
}

std::vector<Cell> Terminal::cells() const {
  std::vector<Cell> out;
  const Size s = size();
  out.reserve(static_cast<std::size_t>(s.rows) * static_cast<std::size_t>(s.columns));
  for (int r = 0; r < s.rows; ++r) {
    for (int c = 0; c < s.columns; ++c) out.push_back(cell(r, c));
  }
  return out;
}

std::vector<std::string> Terminal::rendered_text() const {
  std::vector<std::string> out;
  for (int r = 0; r < size().rows; ++r) out.push_back(state_->screen.grid().row_text(r));
  return out;
}

std::vector<std::string> Terminal::scrollback() const {
  std::vector<std::string> out;
  std::string_view rest = state_->screen.scrollback();
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return out;
}

std::string Terminal::keyframe() const {
  return state_->screen.keyframe();
}

}  // namespace sallyport::codec::terminal
