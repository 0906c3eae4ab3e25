// SPDX-License-Identifier: Apache-2.0
// The menu by its keys, and its drawing in a terminal model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/terminal/terminal.h"
#include "front/ssh/menu.h"

namespace sallyport::front::ssh {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<MenuChoiceLine> choices() {
  return {{"deploy", "web1", "first web server"}, {"deploy", "web2", ""}, {"root", "db1", "the database"}};
}

struct Screen {
  codec::terminal::Terminal terminal;
  explicit Screen(int rows = 24, int columns = 80) : terminal({rows, columns}) {}
  void show(const std::string& s) { terminal.feed(base::view(s)); }
  std::string text() const {
    std::string out;
    for (const auto& row : terminal.rendered_text()) out += row + "\n";
    return out;
  }
};

TEST(Menu, ShowsEverythingAndChoosesTheFirst) {
  Menu menu("Welcome", choices(), Menu::Kind::full, {80, 24});
  Screen screen;
  screen.show(menu.open());
  EXPECT_THAT(screen.text(), HasSubstr("Welcome"));
  EXPECT_THAT(screen.text(), HasSubstr("* deploy@web1  first web server"));
  EXPECT_THAT(screen.text(), HasSubstr("  root@db1  the database"));
  EXPECT_TRUE(screen.terminal.modes().alternate_screen);
  screen.show(menu.input(base::view("\rrest")));
  EXPECT_TRUE(menu.done());
  EXPECT_EQ(menu.chosen(), 0u);
  EXPECT_EQ(base::text(menu.unused()), "rest");
  EXPECT_FALSE(screen.terminal.modes().alternate_screen);
}

TEST(Menu, FiltersAsOneTypes) {
  Menu menu("", choices(), Menu::Kind::full, {80, 24});
  Screen screen;
  screen.show(menu.open());
  screen.show(menu.input(base::view("DATA")));
  EXPECT_THAT(screen.text(), HasSubstr("> DATA"));
  EXPECT_THAT(screen.text(), HasSubstr("* root@db1"));
  EXPECT_THAT(screen.text(), Not(HasSubstr("web1")));
  screen.show(menu.input(base::view("x")));
  EXPECT_THAT(screen.text(), HasSubstr("nothing matches"));
  menu.input(base::view("\r"));
  EXPECT_FALSE(menu.done()) << "there is nothing to choose";
  menu.input(base::view("\x7f\r"));
  EXPECT_EQ(menu.chosen(), 2u);
}

TEST(Menu, ArrowsMoveWithinTheList) {
  Menu menu("", choices(), Menu::Kind::full, {80, 24});
  menu.open();
  menu.input(base::view("\x1b[B\x1b[B\x1b[B\x1b[B"));
  menu.input(base::view("\x1b"));  // a sequence may come in pieces
  menu.input(base::view("[A"));
  menu.input(base::view("\r"));
  EXPECT_EQ(menu.chosen(), 1u);
}

TEST(Menu, CtrlCLeaves) {
  Menu menu("", choices(), Menu::Kind::full, {80, 24});
  menu.open();
  menu.input(base::view("\x03"));
  EXPECT_TRUE(menu.done());
  EXPECT_FALSE(menu.chosen());
}

TEST(Menu, FitsEverySize) {
  for (const std::uint32_t columns : {0u, 1u, 2u, 10u, 200u, 4000000000u}) {
    for (const std::uint32_t rows : {0u, 1u, 2u, 3u, 4u, 5u, 100u}) {
      Menu menu("Gr\xc3\xbc\xc3\x9f Gott", choices(), Menu::Kind::full, {columns, rows});
      Screen screen(static_cast<int>(std::clamp(rows, 1u, 500u)), static_cast<int>(std::clamp(columns, 1u, 1000u)));
      screen.show(menu.open());
      screen.show(menu.resize({columns, rows}));
      EXPECT_TRUE(screen.terminal.scrollback().empty()) << columns << "x" << rows;
      screen.show(menu.input(base::view("\x1b[Bweb")));
    }
  }
}

TEST(Menu, ForeignTextMovesNoCursor) {
  Menu menu("\x1b[2Jgone", {{"a\x1b[31m", "t\r\n", "\x07"}}, Menu::Kind::full, {80, 24});
  const std::string drawn = menu.open();
  EXPECT_THAT(drawn, HasSubstr("\\x1b[31m"));
  EXPECT_THAT(drawn, Not(HasSubstr("\x1b[31m")));
  EXPECT_THAT(drawn, Not(HasSubstr("\x07")));
}

TEST(Menu, DumbTerminalsGetNumbers) {
  EXPECT_EQ(Menu::kind_for("dumb"), Menu::Kind::dumb);
  EXPECT_EQ(Menu::kind_for("xterm-256color"), Menu::Kind::full);
  Menu menu("Hello", choices(), Menu::Kind::dumb, {80, 24});
  const std::string shown = menu.open();
  EXPECT_THAT(shown, HasSubstr("2) deploy@web2\r\n"));
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
  EXPECT_THAT(menu.input(base::view("9\r")), HasSubstr("Number"));
  EXPECT_FALSE(menu.done());
  menu.input(
      base::view("33\x7f\x7f"
                 "3\r"));
  EXPECT_EQ(menu.chosen(), 2u);
}

}  // namespace
}  // namespace sallyport::front::ssh
