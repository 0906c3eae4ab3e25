// SPDX-License-Identifier: Apache-2.0
// Differences between two screens as cursor movements, styles and characters.
#include "cli/painter.h"

#include <algorithm>

#include "base/escape.h"

namespace sallyport::cli {

using codec::terminal::Cell;
using codec::terminal::Color;
using codec::terminal::Size;
using codec::terminal::Style;
using codec::terminal::Terminal;
using codec::terminal::Underline;

namespace {

std::string move_to(int row, int column) {
  return "\x1b[" + std::to_string(row + 1) + ";" + std::to_string(column + 1) + "H";
}

void add_colour(std::string& out, const Color& colour, int base) {
  // The first sixteen in their short form: what programs write, and what terminals give their own palette.
  if (colour.kind == Color::Kind::indexed && colour.red < 16) {
    out += ";" + std::to_string(colour.red < 8 ? base + colour.red : base + 52 + colour.red);
  } else if (colour.kind == Color::Kind::indexed) {
    out += ";" + std::to_string(base + 8) + ";5;" + std::to_string(colour.red);
  } else if (colour.kind == Color::Kind::rgb) {
    out += ";" + std::to_string(base + 8) + ";2;" + std::to_string(colour.red) + ";" + std::to_string(colour.green) +
           ";" + std::to_string(colour.blue);
  }
}

// First row and column of the part that shows, so that the cursor is in it.
int origin(int cursor, int size, int view) {
  if (size <= view) return 0;
  return std::clamp(cursor - view + 1, 0, size - view);
}

}  // namespace

std::string style_sequence(const Style& style) {
  std::string out = "\x1b[0";
  if (style.bold) out += ";1";
  if (style.italic) out += ";3";
  if (style.underline == Underline::single) out += ";4";
  if (style.underline == Underline::twofold) out += ";21";
  if (style.underline == Underline::curly) out += ";4:3";
  if (style.blink) out += ";5";
  if (style.reverse) out += ";7";
  if (style.strike) out += ";9";
  add_colour(out, style.foreground, 30);
  add_colour(out, style.background, 40);
  return out + "m";
}

std::string printable(const Cell& cell) {
  if (cell.text.empty()) return " ";
  const std::string masked = base::mask_for_terminal(cell.text);
  if (masked == base::visible_text(cell.text)) return masked;
  return cell.width == 2 ? "\xEF\xBF\xBD " : "\xEF\xBF\xBD";
}

std::string Painter::paint_row(const std::vector<Cell>& want, int row) {
  auto& have = shown_[static_cast<std::size_t>(row)];
  if (have == want) return {};
  const bool all = have.size() != want.size();
  std::string out;
  const Style* style = nullptr;
  std::size_t at = want.size();  // where the terminal's cursor is; past the end: unknown
  for (std::size_t column = 0; column < want.size(); ++column) {
    const Cell& cell = want[column];
    if (cell.width == 0 || (!all && have[column] == cell)) continue;
    if (at != column) out += move_to(row, static_cast<int>(column));
    if (style == nullptr || !(*style == cell.style)) out += style_sequence(cell.style);
    style = &cell.style;
    out += printable(cell);
    // A wide character at the edge of the view would wrap or vanish: it is replaced by the loop in paint().
    at = column + static_cast<std::size_t>(std::max(cell.width, 1));
  }
  have = want;
  return out;
}

std::string Painter::paint(const Terminal& screen) {
  const Size size = screen.size();
  const auto cursor = screen.cursor();
  const int top = origin(cursor.row, size.rows, view_.rows);
  const int left = origin(cursor.column, size.columns, view_.columns);
  const bool reverse = screen.modes().reverse_video;
  std::string out = "\x1b[?25l";
  if (clear_) {
    out += "\x1b[0m\x1b[2J";
    shown_.assign(static_cast<std::size_t>(view_.rows), {});
    shown_status_.clear();
    clear_ = false;
  }
  const auto bottom = static_cast<std::size_t>(view_.rows - 1);
  if (shown_status_ != status_) shown_[bottom].clear();
  for (int row = 0; row < view_.rows; ++row) {
    if (row == view_.rows - 1 && !status_.empty()) break;
    std::vector<Cell> want(static_cast<std::size_t>(view_.columns));
    for (int column = 0; column < view_.columns; ++column) {
      if (top + row >= size.rows || left + column >= size.columns) break;
      Cell& cell = want[static_cast<std::size_t>(column)];
      cell = screen.cell(top + row, left + column);
      if (reverse) cell.style.reverse = !cell.style.reverse;
    }
    if (want.front().width == 0) want.front() = Cell{};
    if (want.back().width == 2) want.back() = Cell{};
    out += paint_row(want, row);
  }
  if (!status_.empty() && shown_status_ != status_) {
    out += move_to(view_.rows - 1, 0) + "\x1b[0;7m" + status_ + "\x1b[0m\x1b[K";
    shown_[bottom].clear();
  }
  shown_status_ = status_;
  out += move_to(std::min(cursor.row - top, view_.rows - 1), std::min(cursor.column - left, view_.columns - 1));
  if (cursor.visible && status_.empty()) out += "\x1b[?25h";
  return out;
}

void Painter::set_status(std::string text) {
  text = base::escape_for_terminal(text, 1024);
  // Bytes for cells: the status is ASCII but for foreign names, and a short line does no harm.
  if (text.size() > static_cast<std::size_t>(view_.columns)) {
    text = base::escape_for_terminal(text, static_cast<std::size_t>(std::max(view_.columns - 3, 1)));
  }
  status_ = text.empty() ? text : " " + text + " ";
}

void Painter::reset(Size view) {
  view_ = view;
  clear_ = true;
}

}  // namespace sallyport::cli
