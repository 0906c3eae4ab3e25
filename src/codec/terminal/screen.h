// SPDX-License-Identifier: Apache-2.0
// The terminal's state: libvterm's state layer for cursor, pen and margins, our grids for the cells, and what libvterm
// keeps to itself tracked beside it. Untrusted side. libvterm sees only whole sequences from a fixed list, with small
// numbers: what it does not bound itself never reaches it.
#pragma once

#include <vterm.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/terminal/grid.h"
#include "codec/terminal/splitter.h"
#include "codec/terminal/terminal.h"

namespace sallyport::codec::terminal {

/// What DECSC keeps.
struct SavedCursor {
  int row = 0;
  int column = 0;
  Style pen;
  bool visible = true;
  bool blinking = true;
  CursorShape shape = CursorShape::block;
};

enum class MouseEncoding : std::uint8_t { standard, utf8, sgr, urxvt };

/// What is tracked beside libvterm, so that it can be set again on another terminal.
struct Tracked {
  Modes modes;
  bool left_right_margins = false;  ///< DECLRMM
  MouseEncoding mouse_encoding = MouseEncoding::standard;
  int top = 0;
  int bottom = -1;  ///< -1: the last row, as libvterm has it
  int left = 0;
  int right = -1;
  std::array<char, 4> charsets{'B', 'B', 'B', 'B'};
  int shifted_in = 0;  ///< which of them is in use
  bool visible = true;
  bool blinking = true;
  CursorShape shape = CursorShape::block;
  bool modify_other_keys = false;  ///< xterm
  bool keyboard_flags = false;     ///< kitty: set on the flags in use
  int keyboard_pushes = 0;         ///< kitty: flags that were put aside
  SavedCursor saved;
  bool phantom = false;  ///< the last column was written: the next character wraps first
};

class Screen final : public UnitSink {
 public:
  Screen(Size size, std::size_t scrollback_bytes);
  ~Screen() override;
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void feed(base::ByteView bytes) { splitter_.feed(bytes, *this); }
  void resize(Size size);

  const Grid& grid() const { return alternate_ ? *alternate_ : main_; }
  const Tracked& tracked() const { return tracked_; }
  VTermPos position() const;
  std::string keyframe() const;
  const std::string& scrollback() const { return scrollback_; }

 private:
  struct FreeTerm {
    void operator()(VTerm* vt) const { vterm_free(vt); }
  };
  /// The character cell that a combining character, or a repetition, belongs to.
  struct LastGlyph {
    int row = 0;
    int column = 0;
    VTermPos cursor{};  // where it left the cursor
  };

  // UnitSink
  void text(std::string_view ascii) override;
  void character(char32_t code, std::string_view utf8) override;
  void control(std::uint8_t code) override;
  void escape(std::string_view body) override;
  void csi(const Csi& sequence) override;

  void write(std::string_view bytes);
  void write_control(std::string_view bytes);
  void drop_wrap();
  void forward(const Csi& sequence);
  void set_modes(const Csi& sequence, bool on);
  void set_keyboard(const Csi& sequence);
  void set_ansi_mode(int mode, bool on);
  void set_private_mode(int mode, bool on);
  void set_margins(const Csi& sequence);
  void set_tab_stops(const Csi& sequence);
  void repeat(int count);
  void soft_reset();
  void hard_reset();
  void save_cursor();
  void restore_cursor();
  void enter_alternate();
  void leave_alternate();
  void fill_with_e();
  void push_scrollback(int rows);

  void make_term();
  void reset_tab_stops(int from);
  Grid& active() { return alternate_ ? *alternate_ : main_; }

  // keyframe.cc
  enum class LastCharacter : std::uint8_t { again, omit };
  /// Sets everything but the cells on a terminal that is fresh but for its cells.
  std::string restore_state(VTermPos cursor, LastCharacter last) const;
  std::string restore_tab_stops() const;
  std::string restore_charsets() const;
  std::string restore_modes() const;
  std::string restore_cursor_at(VTermPos cursor, LastCharacter last) const;

  static int on_glyph(VTermGlyphInfo* info, VTermPos pos, void* self);
  static int on_scroll(VTermRect rect, int downward, int rightward, void* self);
  static int on_erase(VTermRect rect, int selective, void* self);
  static int on_init_pen(void* self);
  static int on_pen(VTermAttr attribute, VTermValue* value, void* self);
  static int on_property(VTermProp property, VTermValue* value, void* self);
  static const VTermStateCallbacks kCallbacks;

  Size size_;
  std::size_t scrollback_limit_;
  std::unique_ptr<VTerm, FreeTerm> term_;
  VTermState* state_ = nullptr;
  Splitter splitter_;
  Grid main_;
  std::unique_ptr<Grid> alternate_;
  Tracked tracked_;
  Style pen_;
  PackedStyle packed_pen_;
  std::vector<bool> tab_stops_;
  std::optional<LastGlyph> last_;
  bool wrote_ = false;  // a glyph came out of the write under way
  std::string scrollback_;
};

/// Control functions as bytes, for keyframes.
std::string sgr(const Style& style);
std::string move_to(int row, int column);

}  // namespace sallyport::codec::terminal
