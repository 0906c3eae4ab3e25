// SPDX-License-Identifier: Apache-2.0
// The cells of one screen. Untrusted side.
#include "codec/terminal/grid.h"

#include <algorithm>
#include <cassert>

namespace sallyport::codec::terminal {
namespace {

constexpr std::uint32_t kCluster = 0x80000000;
// Cells with combining characters at once, at most; more lose them.
constexpr std::size_t kMaxClusters = 65536;

enum Flag : std::uint16_t { kBold = 1, kItalic = 2, kBlink = 4, kReverse = 8, kStrike = 16, kUnderlineShift = 5 };

std::uint32_t pack(const Color& c) {
  return static_cast<std::uint32_t>(c.kind) << 24 | static_cast<std::uint32_t>(c.red) << 16 |
         static_cast<std::uint32_t>(c.green) << 8 | c.blue;
}

Color unpack(std::uint32_t c) {
  return {static_cast<Color::Kind>(c >> 24), static_cast<std::uint8_t>(c >> 16), static_cast<std::uint8_t>(c >> 8),
          static_cast<std::uint8_t>(c)};
}

}  // namespace

PackedStyle pack(const Style& s) {
  PackedStyle out{pack(s.foreground), pack(s.background), 0};
  out.flags = static_cast<std::uint16_t>((s.bold ? kBold : 0) | (s.italic ? kItalic : 0) | (s.blink ? kBlink : 0) |
                                         (s.reverse ? kReverse : 0) | (s.strike ? kStrike : 0) |
                                         static_cast<int>(s.underline) << kUnderlineShift);
  return out;
}

Style unpack(const PackedStyle& p) {
  Style s;
  s.foreground = unpack(p.foreground);
  s.background = unpack(p.background);
  s.bold = (p.flags & kBold) != 0;
  s.italic = (p.flags & kItalic) != 0;
  s.blink = (p.flags & kBlink) != 0;
  s.reverse = (p.flags & kReverse) != 0;
  s.strike = (p.flags & kStrike) != 0;
  s.underline = static_cast<Underline>(p.flags >> kUnderlineShift);
  return s;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

Grid::Grid(Size size) : size_(size) {
  const auto rows = static_cast<std::size_t>(size.rows);
  order_.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) order_[i] = static_cast<std::uint32_t>(i);
  cells_.resize(rows * static_cast<std::size_t>(size.columns));
}

const Grid::Packed& Grid::at(int row, int column) const {
  assert(row >= 0 && row < size_.rows && column >= 0 && column < size_.columns);
  return cells_[order_[static_cast<std::size_t>(row)] * static_cast<std::size_t>(size_.columns) +
                static_cast<std::size_t>(column)];
}

Grid::Packed& Grid::at(int row, int column) {
  return const_cast<Packed&>(std::as_const(*this).at(row, column));
}

void Grid::resize(Size size, int drop_top) {
  Grid fresh(size);
  const int rows = std::min(size.rows, size_.rows - drop_top);
  const int columns = std::min(size.columns, size_.columns);
  for (int r = 0; r < rows; ++r) {
    std::copy_n(row(r + drop_top), columns, fresh.row(r));
    fresh.mend(r);
  }
  fresh.clusters_ = std::move(clusters_);
  fresh.collect_at_ = collect_at_;
  *this = std::move(fresh);
}

/// The other half of a wide character of which this cell is about to be overwritten.
void Grid::blank_half(int row, int column) {
  Packed& cell = at(row, column);
  if (cell.width == 2 && column + 1 < size_.columns) {
    Packed& right = at(row, column + 1);
    right = blank_cell(right.background);
  } else if (cell.width == 0 && column > 0) {
    Packed& left = at(row, column - 1);
    left = blank_cell(left.background);
  }
}

void Grid::put(int row, int column, char32_t code, int width, const PackedStyle& style) {
  if (row < 0 || row >= size_.rows || column < 0 || column >= size_.columns || width < 1) return;
  if (column + width > size_.columns) {
    code = 0xfffd;  // a wide character on a screen of one column
    width = 1;
  }
  Packed& cell = at(row, column);
  if (cell.width != 1) blank_half(row, column);
  if (width == 2) blank_half(row, column + 1);
  cell = {static_cast<std::uint32_t>(code), style.foreground, style.background, style.flags,
          static_cast<std::uint8_t>(width)};
  if (width == 2) at(row, column + 1) = {0, style.foreground, style.background, style.flags, 0};
}

void Grid::combine(int row, int column, char32_t code) {
  if (row < 0 || row >= size_.rows || column < 0 || column >= size_.columns) return;
  if (clusters_.size() >= collect_at_) collect_clusters();
  Packed& cell = at(row, column);
  if (cell.code == 0) return;
  if (clusters_.size() >= kMaxClusters) return;
  // Always a new one: a copy of this cell elsewhere may share the old.
  std::u32string cluster = (cell.code & kCluster) != 0 ? clusters_[cell.code & ~kCluster]
                                                       : std::u32string(1, static_cast<char32_t>(cell.code));
  if (cluster.size() >= kMaxCodesPerCell) return;
  cluster.push_back(code);
  clusters_.push_back(std::move(cluster));
  cell.code = kCluster | static_cast<std::uint32_t>(clusters_.size() - 1);
}

/// Drops the clusters of cells that were overwritten, and gives a copied cell one of its own.
void Grid::collect_clusters() {
  std::vector<std::u32string> kept;
  for (Packed& cell : cells_) {
    if ((cell.code & kCluster) == 0) continue;
    const std::u32string& old = clusters_[cell.code & ~kCluster];
    if (kept.size() >= kMaxClusters) {
      cell.code = static_cast<std::uint32_t>(old[0]);
      continue;
    }
    kept.push_back(old);
    cell.code = kCluster | static_cast<std::uint32_t>(kept.size() - 1);
  }
  clusters_ = std::move(kept);
  collect_at_ = std::max<std::size_t>(256, clusters_.size() * 2);
}

Rect Grid::clamp(Rect r) const {
  r.top = std::clamp(r.top, 0, size_.rows);
  r.bottom = std::clamp(r.bottom, r.top, size_.rows);
  r.left = std::clamp(r.left, 0, size_.columns);
  r.right = std::clamp(r.right, r.left, size_.columns);
  return r;
}

/// Blanks halves of wide characters that lost their other half.
void Grid::mend(int r) {
  Packed* cells = row(r);
  for (int c = 0; c < size_.columns; ++c) {
    const bool whole = cells[c].width == 2 && c + 1 < size_.columns && cells[c + 1].width == 0;
    if (whole) {
      ++c;
    } else if (cells[c].width != 1) {
      cells[c] = blank_cell(cells[c].background);
    }
  }
}

void Grid::erase(Rect rect, std::uint32_t background) {
  rect = clamp(rect);
  const Packed blank = blank_cell(background);
  for (int r = rect.top; r < rect.bottom; ++r) {
    std::fill(row(r) + rect.left, row(r) + rect.right, blank);
    if (rect.left > 0 || rect.right < size_.columns) mend(r);
  }
}

void Grid::scroll(Rect rect, int down, int right, std::uint32_t background) {
  rect = clamp(rect);
  const int height = rect.bottom - rect.top;
  const int width = rect.right - rect.left;
  if (height == 0 || width == 0) return;
  down = std::clamp(down, -height, height);
  right = std::clamp(right, -width, width);
  if (right == 0 && rect.left == 0 && rect.right == size_.columns) {
    const auto first = order_.begin() + rect.top;
    std::rotate(first, down >= 0 ? first + down : first + height + down, order_.begin() + rect.bottom);
  } else {
    const int from = right >= 0 ? rect.left + right : rect.left;
    const int to = right >= 0 ? rect.left : rect.left - right;
    const int count = width - std::abs(right);
    for (int i = 0; i < height - std::abs(down); ++i) {
      const int target = down >= 0 ? rect.top + i : rect.bottom - 1 - i;
      const Packed* source = row(target + down);
      if (to > from) {
        std::copy_backward(source + from, source + from + count, row(target) + to + count);
      } else {
        std::copy_n(source + from, count, row(target) + to);
      }
      mend(target);
    }
  }
  if (down > 0) erase({rect.bottom - down, rect.bottom, rect.left, rect.right}, background);
  if (down < 0) erase({rect.top, rect.top - down, rect.left, rect.right}, background);
  if (right > 0) erase({rect.top, rect.bottom, rect.right - right, rect.right}, background);
  if (right < 0) erase({rect.top, rect.bottom, rect.left, rect.left - right}, background);
}

void Grid::append_text(std::string& out, const Packed& cell) const {
  if (cell.code == 0) return;
  if ((cell.code & kCluster) == 0) return append_utf8(out, cell.code);
  for (const char32_t code : clusters_[cell.code & ~kCluster]) append_utf8(out, code);
}

std::string Grid::text(int r, int column) const {
  std::string out;
  append_text(out, at(r, column));
  return out;
}

std::string Grid::row_text(int r) const {
  const Packed* cells = &at(r, 0);
  int end = size_.columns;
  while (end > 0 && (cells[end - 1].code == 0 || cells[end - 1].code == ' ') && cells[end - 1].width == 1) --end;
  std::string out;
  out.reserve(static_cast<std::size_t>(end));
  for (int c = 0; c < end; ++c) {
    if (cells[c].code == 0 && cells[c].width == 1) {
      out.push_back(' ');
    } else {
      append_text(out, cells[c]);
    }
  }
  return out;
}

}  // namespace sallyport::codec::terminal
