// SPDX-License-Identifier: Apache-2.0
#include "cli/safe_text.h"

#include <gtest/gtest.h>

#include <random>

#include "cli/painter.h"

namespace sallyport::cli {
namespace {

std::string through(SafeText::Words words, const std::string& text) {
  SafeText safe(words);
  std::string out = safe.feed(text);
  return out + safe.finish();
}

TEST(SafeText, PassesWhatTablesAreMadeOf) {
  const std::string table = "\x1b[1mID\tUSER\x1b[0m\n\x1b[32mlive\x1b[0m h\u00e9llo \u4e2d \\x1b\n";
  EXPECT_EQ(through(SafeText::Words::lines, table), table);
}

TEST(SafeText, PassesWhatThePainterWrites) {
  codec::terminal::Terminal screen({10, 40}, 0);
  screen.feed(base::view("\x1b[1;4;38;2;1;2;3mhello\x1b[4:3m \u4e2d\r\n\x1b[7m\x1b[48;5;200mx"));
  Painter painter({12, 50});
  painter.set_status("a notice");
  std::string painted = painter.paint(screen);
  painter.set_status("");
  painted += painter.paint(screen);
  EXPECT_EQ(through(SafeText::Words::painted, painted), painted);
}

TEST(SafeText, NothingElseReachesATerminal) {
  for (const std::string& hostile : std::vector<std::string>{"\x1b]52;c;YQ==\x07",
                                                             "\x1bP$qm\x1b\\",
                                                             "\x1b[6n",
                                                             "\x1b[c",
                                                             "\x1b[?1049h",
                                                             "\x1b[21t",
                                                             "\x1b"
                                                             "c",
                                                             "\x1b[2J",
                                                             "\x1b[1;1H",
                                                             "\r",
                                                             "\x08",
                                                             "\x0e",
                                                             "\xc2\x9b"
                                                             "6n",
                                                             "\x1b[?25h",
                                                             "\x1b[1 q",
                                                             "\x1b[>4m",
                                                             "\u202e",
                                                             "\x1b[",
                                                             "\x1b",
                                                             "\x07",
                                                             "\xff",
                                                             "\xe2\x82",
                                                             "\x1b[" + std::string(100, '1') + "m",
                                                             "\x7f"}) {
    const std::string out = through(SafeText::Words::lines, "a" + hostile + "b\x1b[1m");
    for (const char c : out.substr(0, out.size() - 4))
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << out;
    EXPECT_NE(out.find("\uFFFD"), std::string::npos) << out;
    EXPECT_TRUE(out.ends_with("\x1b[1m")) << out;
  }
  for (const std::string& hostile :
       std::vector<std::string>{"\x1b]0;x\x07", "\x1b[6n", "\x1b[?1000h", "\x1b[3J", "\n", "\t", "\x1b[5;1R"}) {
    EXPECT_NE(through(SafeText::Words::painted, hostile).find("\uFFFD"), std::string::npos);
    EXPECT_EQ(through(SafeText::Words::painted, hostile).find_first_of("\x1b\n\t\x07"), std::string::npos);
  }
}

TEST(SafeText, CutsMakeNoDifference) {
  std::mt19937 random(7);
  const std::string alphabet =
      "\x1b[]0;1mHJ?25hl\n\t\x07"
      "ab\xe4\xb8\xad\xff";
  for (int run = 0; run < 2000; ++run) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += alphabet[random() % alphabet.size()];
    for (const auto words : {SafeText::Words::lines, SafeText::Words::painted}) {
      SafeText pieces(words);
      std::string out;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = 1 + random() % 7;
        out += pieces.feed(std::string_view(text).substr(at, size));
        at += size;
      }
      ASSERT_EQ(out + pieces.finish(), through(words, text));
    }
  }
}

}  // namespace
}  // namespace sallyport::cli
