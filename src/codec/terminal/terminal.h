// SPDX-License-Identifier: Apache-2.0
// A terminal's screen from the bytes sent to it: libvterm's parser and state layer over our own compact cells.
// Runs on the untrusted side (the inspector) and in the command line. Pure: no system call, no clock; never answers
// queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "codec/terminal/traits.h"

namespace sallyport::codec::terminal {

struct Size {
  int rows = 24;
  int columns = 80;
  bool operator==(const Size&) const = default;
};

/// Larger sizes are clamped to this, smaller ones to 1×1.
inline constexpr Size kMaxSize{500, 1000};

/// The size that a client announces for a new terminal, within kMaxSize. Zero means that another unit counts
/// (RFC 4254 §6.2): the usual 24×80 then.
Size announced_size(std::uint32_t columns, std::uint32_t rows);
/// The size after a window change (RFC 4254 §6.7); a zero in it changes nothing.
std::optional<Size> changed_size(std::uint32_t columns, std::uint32_t rows);

/// A colour: the terminal's default, one of its 256, or 24 bits.
struct Color {
  enum class Kind : std::uint8_t { standard, indexed, rgb };
  Kind kind = Kind::standard;
  std::uint8_t red = 0;  ///< or the index
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  bool operator==(const Color&) const = default;
};

enum class Underline : std::uint8_t { none, single, twofold, curly };

/// How a cell is drawn.
struct Style {
  Color foreground;
  Color background;
  Underline underline = Underline::none;
  bool bold = false;
  bool italic = false;
  bool blink = false;
  bool reverse = false;
  bool strike = false;
  bool operator==(const Style&) const = default;
};

/// One character cell, for comparison and rendering (the screen itself stores 16 bytes a cell).
struct Cell {
  std::string text;  ///< UTF-8: one character and up to five combining ones; empty when nothing was written
  int width = 1;     ///< 1 or 2; 0 for the right half of a wide character
  Style style;
  bool operator==(const Cell&) const = default;
};

enum class CursorShape : std::uint8_t { block = 1, underline = 2, bar = 3 };
enum class MouseReports : std::uint8_t { none, clicks, drags, moves };

struct Cursor {
  int row = 0;
  int column = 0;
  bool visible = true;
  bool blinking = true;
  CursorShape shape = CursorShape::block;
  bool operator==(const Cursor&) const = default;
};

struct Modes {
  bool alternate_screen = false;
  bool reverse_video = false;
  bool application_cursor_keys = false;
  bool application_keypad = false;
  bool bracketed_paste = false;
  bool focus_reports = false;
  bool autowrap = true;
  bool origin = false;
  bool insert = false;
  bool newline = false;
  MouseReports mouse = MouseReports::none;
  bool operator==(const Modes&) const = default;
};

class Terminal {
 public:
  /// scrollback_bytes bounds the text (no colours) kept of lines that left the top of the normal screen.
  explicit Terminal(Size size, std::size_t scrollback_bytes = 16 * 1024);
  ~Terminal();
  Terminal(Terminal&&) noexcept;
  Terminal& operator=(Terminal&&) noexcept;

  /// Any bytes at all; about 30 MB per CPU second.
  void feed(base::ByteView bytes);
  /// Keeps what fits; the cursor stays on its text line.
  void resize(Size size);

  Size size() const;
  Cursor cursor() const;
  Modes modes() const;
  /// What is set that a shell does not expect.
  Traits traits() const;
  /// row and column within size().
  Cell cell(int row, int column) const;
  /// All cells, row by row.
  std::vector<Cell> cells() const;
  /// Each row as UTF-8, without trailing blanks.
  std::vector<std::string> rendered_text() const;
  /// Text of lines that scrolled away, oldest first.
  std::vector<std::string> scrollback() const;

  /// Bytes that put this screen on a freshly reset terminal of the same size: cells, colours, cursor, both screens,
  /// modes, margins, tab stops, and the start of an unfinished sequence, so that feeding on gives the same as here.
  std::string keyframe() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::codec::terminal
