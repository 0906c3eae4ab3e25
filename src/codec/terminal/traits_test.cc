// SPDX-License-Identifier: Apache-2.0
// What a program leaves behind is seen, and undone: over random modes nothing of them is left afterwards.
#include "codec/terminal/traits.h"

#include <gtest/gtest.h>

#include <random>

#include "codec/terminal/terminal.h"

namespace sallyport::codec::terminal {
namespace {

constexpr const char* kSetting[] = {"\x1b[?1049h", "\x1b[?47h",    "\x1b[?1000h", "\x1b[?1002h", "\x1b[?1003h",
                                    "\x1b[?1006h", "\x1b[?1015h",  "\x1b[?1004h", "\x1b[?2004h", "\x1b[?25l",
                                    "\x1b[4 q",    "\x1b[6 q",     "\x1b[?1h",    "\x1b=",       "\x1b[>4;2m",
                                    "\x1b[>1u",    "\x1b[=5u",     "\x1b[?5h",    "\x1b[?7l",    "\x1b[4h",
                                    "\x1b[20h",    "\x1b[2;4r",    "\x1b[?6h",    "\x1b[?69h",   "\x1b(0",
                                    "\x0e",        "\x1b[31;1m",   "words",       "\x1b[?1049l", "\x1b[?25h",
                                    "\x1b[!p",     "\x1b]0;title", "\x1bP1$r",    "\x1b[3"};

Traits traits_of(std::string_view bytes) {
  Terminal terminal({10, 40});
  terminal.feed(base::view(bytes));
  return terminal.traits();
}

TEST(Traits, AFreshTerminalHasNone) {
  EXPECT_EQ(traits_of(""), Traits());
  EXPECT_EQ(traits_of("$ ls\r\n\x1b[31mred\x1b[0m\r\n"), Traits());
}

TEST(Traits, WhatAFullScreenProgramSetsIsSeen) {
  const Traits traits =
      traits_of("\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[>4;2m\x1b[?1006h\x1b[?25l\x1b[2;5r");
  for (const Trait trait :
       {Trait::alternate_screen, Trait::application_cursor_keys, Trait::application_keypad, Trait::bracketed_paste,
        Trait::focus_reports, Trait::keyboard_protocol, Trait::mouse_reports, Trait::hidden_cursor, Trait::margins}) {
    EXPECT_TRUE(traits.has(trait)) << static_cast<int>(trait);
  }
  EXPECT_FALSE(traits.has(Trait::reverse_video));
}

TEST(Traits, WhatItTakesBackIsGone) {
  EXPECT_EQ(traits_of("\x1b[?1049h\x1b[?25l\x1b[>4;1m\x1b[>1u\x1b[>1u\x1b[<2u\x1b[>4;0m\x1b[?25h\x1b[?1049l"),
            Traits());
}

// Each alone as well: no sequence may count on another one's.
TEST(Traits, UndoingLeavesNothing) {
  std::mt19937 random(11);
  for (int run = 0; run < 3000; ++run) {
    std::string bytes;
    const int count = 1 + static_cast<int>(random() % 6);
    for (int i = 0; i < count; ++i) bytes += kSetting[random() % std::size(kSetting)];
    Terminal terminal({10, 40});
    terminal.feed(base::view(bytes));
    terminal.feed(base::view(undo(terminal.traits())));
    ASSERT_EQ(terminal.traits(), Traits()) << testing::PrintToString(bytes);
    // And what is said then is read as it was meant.
    terminal.feed(base::view("\r\nover"));
    std::string screen;
    for (const std::string& row : terminal.rendered_text()) screen += row + "\n";
    ASSERT_NE(screen.find("over\n"), std::string::npos) << testing::PrintToString(bytes);
    const Cursor cursor = terminal.cursor();
    ASSERT_EQ(terminal.cell(cursor.row, cursor.column - 1).style, Style()) << testing::PrintToString(bytes);
  }
}

TEST(Traits, ATerminalThatNeedsNothingKeepsItsScreenAndCursor) {
  Terminal terminal({5, 20});
  terminal.feed(base::view("one\r\ntwo"));
  terminal.feed(base::view(undo(terminal.traits())));
  EXPECT_EQ(terminal.cursor().row, 1);
  EXPECT_EQ(terminal.cursor().column, 3);
  EXPECT_EQ(terminal.rendered_text()[1], "two");
}

}  // namespace
}  // namespace sallyport::codec::terminal
