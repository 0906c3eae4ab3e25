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
  for (const char* hidden : {"\u061c", "\u200b", "\u200f", "\u202a", "\u202e", "\u2060", "\u2064", "\u2066", "\u2069",
                             "\ufeff", "\u2028", "\xc2\x9b", "\x1b", "\x7f", "\n", "\xff"}) {
    const std::string text = std::string("a\\b") + hidden + "c";
    EXPECT_EQ(escape_for_terminal(text).find(hidden), std::string::npos) << escape_for_terminal(text);
    EXPECT_EQ(mask_for_terminal(text), "a\\b\ufffdc") << escape_for_terminal(text);
  }
  EXPECT_EQ(mask_for_terminal("h\u00e9llo \u4e2d e\u0301"), "h\u00e9llo \u4e2d e\u0301");
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
