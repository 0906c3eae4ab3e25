// SPDX-License-Identifier: Apache-2.0
#include "base/escape.h"

#include <gtest/gtest.h>

namespace sallyport::base {
namespace {

TEST(Escape, KeepsTextAndDefusesControls) {
  EXPECT_EQ(escape_for_terminal("héllo"), "héllo");
  EXPECT_EQ(escape_for_terminal("a\x1b]0;x\x07\n"), "a\\x1b]0;x\\x07\\x0a");
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"), "\\x9b");
  EXPECT_EQ(escape_for_terminal("\xff"), "\\xff");
  EXPECT_EQ(escape_for_terminal("a\\b"), "a\\\\b");
  EXPECT_EQ(escape_for_terminal("\u202etxt"), "\\u{202e}txt");
}

TEST(Escape, WhatReordersOrHidesTextIsShownInEitherForm) {
  for (const char* hidden :
       {"\u061c",     "\u200b",   "\u200f", "\u202a", "\u202e", "\u2060",     "\u2064",     "\u2066",
        "\u2069",     "\ufeff",   "\u2028", "\u00ad", "\u034f", "\u115f",     "\u1160",     "\u17b4",
        "\u180e",     "\u2065",   "\u3164", "\uffa0", "\ufff9", "\U0001d173", "\U000e0020", "\U000e0fff",
        "\U0010fffd", "\xc2\x9b", "\x1b",   "\x7f",   "\n",     "\xff"}) {
    const std::string text = std::string("a\\b") + hidden + "c";
    EXPECT_EQ(escape_for_terminal(text).find(hidden), std::string::npos) << escape_for_terminal(text);
    EXPECT_EQ(mask_for_terminal(text), "a\\b\ufffdc") << escape_for_terminal(text);
  }
  EXPECT_EQ(mask_for_terminal("h\u00e9llo \u4e2d e\u0301"), "h\u00e9llo \u4e2d e\u0301");
}

TEST(Escape, AVariationSelectorIsShownInTextAndTakesNoColumnOnAScreen) {
  for (const char* selector : {"\ufe00", "\ufe0f", "\U000e0100"}) {
    const std::string text = std::string("\u2764") + selector + "c";
    EXPECT_EQ(escape_for_terminal(text).find(selector), std::string::npos) << escape_for_terminal(text);
    EXPECT_EQ(mask_for_terminal(text), "\u2764c");
    EXPECT_EQ(mask_for_terminal(selector), "\ufffd");
  }
}

TEST(Escape, VisibleTextLeavesOutWhatHides) {
  EXPECT_EQ(visible_text("s\u200be\u00adc\xc2\x9b\ufe0fret\u3164"), "secret");
  EXPECT_EQ(visible_text("a\\b \u4e2d\xff"), "a\\b \u4e2d\xff");
}

TEST(Escape, IsBounded) {
  EXPECT_EQ(escape_for_terminal(std::string(100, 'a'), 10), "aaaaaaaaaa…");
}

TEST(Escape, Utf8) {
  EXPECT_TRUE(is_utf8("aé€😀"));
  EXPECT_FALSE(is_utf8("\xc0\x80"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xe2\x82"));
}

TEST(Escape, CutsBetweenCharacters) {
  EXPECT_EQ(cut_utf8("aé€😀", 100), "aé€😀");
  EXPECT_EQ(cut_utf8("aé€😀", 1), "a");
  EXPECT_EQ(cut_utf8("aé€😀", 2), "a");
  EXPECT_EQ(cut_utf8("aé€😀", 3), "aé");
  EXPECT_EQ(cut_utf8("aé€😀", 5), "aé");
  EXPECT_EQ(cut_utf8("aé€😀", 6), "aé€");
  EXPECT_EQ(cut_utf8("aé€😀", 9), "aé€");
  EXPECT_EQ(cut_utf8("é", 0), "");
}

}  // namespace
}  // namespace sallyport::base
