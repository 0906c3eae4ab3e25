// SPDX-License-Identifier: Apache-2.0
// What libvterm's state layer calls: characters into cells, scrolling, erasing, the pen. Untrusted side; nothing here
// trusts a position.
#include "codec/terminal/screen.h"

namespace sallyport::codec::terminal {
namespace {

Color to_color(const VTermColor& c) {
  if ((c.type & VTERM_COLOR_DEFAULT_MASK) != 0) return {};
  if (VTERM_COLOR_IS_INDEXED(&c)) return {Color::Kind::indexed, c.indexed.idx, 0, 0};
  return {Color::Kind::rgb, c.rgb.red, c.rgb.green, c.rgb.blue};
}

}  // namespace

const VTermStateCallbacks Screen::kCallbacks = {
    on_glyph, nullptr, on_scroll, nullptr, on_erase, on_init_pen, on_pen, on_property, nullptr, nullptr, nullptr,
};

int Screen::on_glyph(VTermGlyphInfo* info, VTermPos pos, void* user) {
  Screen& self = *static_cast<Screen*>(user);
  // A character without width that is_combining() does not know: there is nowhere to put it.
  if (info->width < 1) {
    self.tracked_.phantom = false;
    return 1;
  }
  self.active().put(pos.row, pos.col, info->chars[0], info->width, self.packed_pen_);
  self.tracked_.phantom = self.tracked_.modes.autowrap && pos.col + info->width >= self.size_.columns;
  self.last_ = LastGlyph{pos.row, pos.col, {}};
  self.wrote_ = true;
  return 1;
}

int Screen::on_scroll(VTermRect rect, int downward, int rightward, void* user) {
  Screen& self = *static_cast<Screen*>(user);
  const bool whole = rect.start_col == 0 && rect.end_col == self.size_.columns;
  if (downward > 0 && rightward == 0 && rect.start_row == 0 && whole && !self.alternate_) {
    self.push_scrollback(downward);
  }
  self.active().scroll({rect.start_row, rect.end_row, rect.start_col, rect.end_col}, downward, rightward,
                       self.packed_pen_.background);
  return 1;
}

int Screen::on_erase(VTermRect rect, int, void* user) {
  Screen& self = *static_cast<Screen*>(user);
  self.active().erase({rect.start_row, rect.end_row, rect.start_col, rect.end_col}, self.packed_pen_.background);
  return 1;
}

int Screen::on_init_pen(void* user) {
  Screen& self = *static_cast<Screen*>(user);
  self.pen_ = Style{};
  self.packed_pen_ = pack(self.pen_);
  return 1;
}

int Screen::on_pen(VTermAttr attribute, VTermValue* value, void* user) {
  Screen& self = *static_cast<Screen*>(user);
  Style& pen = self.pen_;
  switch (attribute) {
    case VTERM_ATTR_BOLD:
      pen.bold = value->boolean != 0;
      break;
    case VTERM_ATTR_UNDERLINE:
      pen.underline = static_cast<Underline>(value->number & 3);
      break;
    case VTERM_ATTR_ITALIC:
      pen.italic = value->boolean != 0;
      break;
    case VTERM_ATTR_BLINK:
      pen.blink = value->boolean != 0;
      break;
    case VTERM_ATTR_REVERSE:
      pen.reverse = value->boolean != 0;
      break;
    case VTERM_ATTR_STRIKE:
      pen.strike = value->boolean != 0;
      break;
    case VTERM_ATTR_FOREGROUND:
      pen.foreground = to_color(value->color);
      break;
    case VTERM_ATTR_BACKGROUND:
      pen.background = to_color(value->color);
      break;
    default:
      break;
  }
  self.packed_pen_ = pack(pen);
  return 1;
}

int Screen::on_property(VTermProp property, VTermValue* value, void* user) {
  Tracked& t = static_cast<Screen*>(user)->tracked_;
  switch (property) {
    case VTERM_PROP_CURSORVISIBLE:
      t.visible = value->boolean != 0;
      break;
    case VTERM_PROP_CURSORBLINK:
      t.blinking = value->boolean != 0;
      break;
    case VTERM_PROP_CURSORSHAPE:
      if (value->number >= 1 && value->number <= 3) t.shape = static_cast<CursorShape>(value->number);
      break;
    default:
      break;
  }
  return 1;
}

}  // namespace sallyport::codec::terminal
