// SPDX-License-Identifier: Apache-2.0
// The cells of one screen: a ring of rows, sixteen bytes a cell. Untrusted side; every position is clamped here,
// whatever a caller computed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/terminal/terminal.h"

namespace sallyport::codec::terminal {

/// Most code points in a cell: one base and five combining.
inline constexpr std::size_t kMaxCodesPerCell = 6;

/// A style in ten bytes.
struct PackedStyle {
  std::uint32_t foreground = 0;
  std::uint32_t background = 0;
  std::uint16_t flags = 0;
  bool operator==(const PackedStyle&) const = default;
};

PackedStyle pack(const Style& style);
Style unpack(const PackedStyle& style);

/// Half-open.
struct Rect {
  int top = 0;
  int bottom = 0;
  int left = 0;
  int right = 0;
};

class Grid {
 public:
  explicit Grid(Size size);

  Size size() const { return size_; }
  /// Keeps what fits after drop_top rows went from the top.
  void resize(Size size, int drop_top);

  /// Writes one character. width: 1 or 2; what it overlaps of other wide characters becomes blank.
  void put(int row, int column, char32_t code, int width, const PackedStyle& style);
  /// Adds a combining character to a cell; beyond the bounds it is dropped.
  void combine(int row, int column, char32_t code);
  /// Blanks with a background.
  void erase(Rect rect, std::uint32_t background);
  /// Moves the contents of rect up by down (and left by right); what becomes free is blank.
  void scroll(Rect rect, int down, int right, std::uint32_t background);

  /// UTF-8; empty for a blank cell and for the right half of a wide one.
  std::string text(int row, int column) const;
  bool blank(int row, int column) const { return at(row, column).code == 0; }
  int width(int row, int column) const { return at(row, column).width; }
  PackedStyle style(int row, int column) const {
    const Packed& cell = at(row, column);
    return {cell.foreground, cell.background, cell.flags};
  }
  /// The row without trailing blanks.
  std::string row_text(int row) const;

 private:
  struct Packed {
    std::uint32_t code = 0;  // a code point; with the top bit, an index into clusters_
    std::uint32_t foreground = 0;
    std::uint32_t background = 0;
    std::uint16_t flags = 0;
    std::uint8_t width = 1;
  };
  static_assert(sizeof(Packed) == 16);
  static Packed blank_cell(std::uint32_t background) { return {0, 0, background, 0, 1}; }

  const Packed& at(int row, int column) const;
  Packed& at(int row, int column);
  Packed* row(int row) { return &at(row, 0); }
  Rect clamp(Rect rect) const;
  void mend(int row);
  void blank_half(int row, int column);
  void collect_clusters();
  void append_text(std::string& out, const Packed& cell) const;

  Size size_;
  std::vector<std::uint32_t> order_;  // screen row to row in cells_
  std::vector<Packed> cells_;
  std::vector<std::u32string> clusters_;  // of cells with combining characters
  std::size_t collect_at_ = 256;
};

void append_utf8(std::string& out, char32_t code);

}  // namespace sallyport::codec::terminal
