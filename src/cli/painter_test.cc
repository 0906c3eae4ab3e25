// SPDX-License-Identifier: Apache-2.0
// What the painter writes puts the same cells on another terminal, and nothing but cells.
#include "cli/painter.h"

#include <gtest/gtest.h>

#include <random>

namespace sallyport::cli {
namespace {

using codec::terminal::Size;
using codec::terminal::Terminal;

// What the administrator sees: a second model, fed by the painter.
struct Eye {
  explicit Eye(Size size) : screen(size), painter(size) { feed("\x1b[?7l"); }
  void feed(const std::string& bytes) { screen.feed(base::view(bytes)); }
  void look(const Terminal& at) { feed(painter.paint(at)); }
  Terminal screen;
  Painter painter;
};

void expect_same(const Terminal& want, const Terminal& have) {
  ASSERT_EQ(want.size(), have.size());
  for (int row = 0; row < want.size().rows; ++row) {
    for (int column = 0; column < want.size().columns; ++column) {
      auto a = want.cell(row, column);
      auto b = have.cell(row, column);
      // A blank that was written and one that was not look the same.
      if (a.text == " ") a.text.clear();
      if (b.text == " ") b.text.clear();
      ASSERT_EQ(a.text, b.text) << row << "," << column;
      ASSERT_EQ(a.width, b.width) << row << "," << column;
      ASSERT_TRUE(a.style == b.style) << row << "," << column;
    }
  }
}

TEST(Painter, ShowsTextStylesAndCursor) {
  Terminal session({6, 20});
  Eye eye({6, 20});
  session.feed(base::view(
      "plain \x1b[1;4;31mred\x1b[0m\r\n\x1b[38;2;1;2;3;48;5;200mrgb\x1b[0m \xe4\xb8\xad\xe6\x96\x87 e\xcc\x81"));
  eye.look(session);
  expect_same(session, eye.screen);
  EXPECT_EQ(eye.screen.cursor().row, session.cursor().row);
  EXPECT_EQ(eye.screen.cursor().column, session.cursor().column);
}

TEST(Painter, FollowsRandomOutputByDifferencesAlone) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces{
      "hello ", "\r\n",    "\x1b[H",    "\x1b[2J",   "\x1b[3;5H",    "\x1b[31m", "\x1b[7m",     "\x1b[0m",
      "\x1b[K", "\x1b[2P", "\x1b[L",    "\x1b[M",    "\xe4\xb8\xad", "\x1b[44m", "\x1b[?1049h", "\x1b[?1049l",
      "\t",     "\b",      "abc\x1b[@", "\x1b[2;6r", "\x1b[38;5;9m", "\x1b[?5h", "\x1b[?5l",    "\x1b[1;3m"};
  Terminal session({8, 30});
  Eye eye({8, 30});
  for (int i = 0; i < 600; ++i) {
    session.feed(base::view(pieces[random() % pieces.size()]));
    if (i % 3 != 0) continue;
    eye.look(session);
    if (session.modes().reverse_video) continue;  // painted as reversed cells
    ASSERT_NO_FATAL_FAILURE(expect_same(session, eye.screen)) << i;
  }
}

TEST(Painter, PassesNoSequenceOfTheSessionOn) {
  Terminal session({3, 20});
  session.feed(
      base::view("\x1b]0;title\x07\x1b]52;c;AAAA\x07\x1b[6n\x1bP+q544e\x1b\\\x1b[c\xc2\x9b"
                 "31mx"));
  Painter painter({3, 20});
  const std::string out = painter.paint(session);
  EXPECT_EQ(out.find("\x1b]"), std::string::npos);
  EXPECT_EQ(out.find("\x1bP"), std::string::npos);
  EXPECT_EQ(out.find("\xc2\x9b"), std::string::npos);
  EXPECT_EQ(out.find("\x1b[6n"), std::string::npos);
  EXPECT_EQ(out.find("\x1b[c"), std::string::npos);
}

TEST(Painter, CropsALargerScreenAroundTheCursor) {
  Terminal session({10, 40});
  session.feed(base::view("\x1b[10;1Hbottom"));
  Eye eye({4, 10});
  eye.look(session);
  EXPECT_EQ(eye.screen.rendered_text()[3], "bottom");
}

TEST(Painter, StatusCoversTheLastRowAndGoesAgain) {
  Terminal session({2, 30});
  session.feed(base::view("one\r\ntwo"));
  Eye eye({2, 30});
  eye.look(session);
  eye.painter.set_status("paused \x1b[31m");
  eye.look(session);
  EXPECT_EQ(eye.screen.rendered_text()[1], " paused \\x1b[31m");
  EXPECT_EQ(eye.screen.rendered_text()[0], "one");
  eye.painter.set_status("");
  eye.look(session);
  EXPECT_EQ(eye.screen.rendered_text()[1], "two");
  expect_same(session, eye.screen);
}

TEST(Painter, WritesColoursInTheirShortestForm) {
  using codec::terminal::Color;
  codec::terminal::Style style;
  EXPECT_EQ(style_sequence(style), "\x1b[0m");
  style.foreground = {Color::Kind::indexed, 1, 0, 0};
  style.background = {Color::Kind::indexed, 12, 0, 0};
  EXPECT_EQ(style_sequence(style), "\x1b[0;31;104m");
  style.foreground = {Color::Kind::indexed, 196, 0, 0};
  style.background = {Color::Kind::rgb, 1, 2, 3};
  EXPECT_EQ(style_sequence(style), "\x1b[0;38;5;196;48;2;1;2;3m");
}

TEST(Painter, SaysNothingWhenNothingChanged) {
  Terminal session({4, 20});
  session.feed(base::view("x"));
  Painter painter({4, 20});
  EXPECT_GT(painter.paint(session).size(), 20U);
  EXPECT_LT(painter.paint(session).size(), 20U);
}

}  // namespace
}  // namespace sallyport::cli
