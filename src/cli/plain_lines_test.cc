// SPDX-License-Identifier: Apache-2.0
// Lines out of terminal output, and that they miss nothing of what the terminal model shows.
#include "cli/plain_lines.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "codec/terminal/terminal.h"

namespace sallyport::cli {
namespace {

std::vector<std::string> lines_of(const std::vector<std::string>& pieces) {
  PlainLines lines;
  std::vector<std::string> out;
  for (const std::string& piece : pieces) lines.feed(piece, [&](std::string_view line) { out.emplace_back(line); });
  lines.finish([&](std::string_view line) { out.push_back("rest:" + std::string(line)); });
  return out;
}

bool found(const std::string& bytes, const std::string& text) {
  for (const std::string& line : lines_of({bytes})) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(PlainLines, DropsControlSequencesWhereverTheyAreCut) {
  EXPECT_EQ(lines_of({"a\x1b[3",
                      "1mb\x1b]0;title\x07"
                      "c\x1bP1;2|x\x1b",
                      "\\d\n", "\x1b(Be"}),
            (std::vector<std::string>{"abcd", "rest:e"}));
}

TEST(PlainLines, EndsALineAtReturnAndNewline) {
  EXPECT_EQ(lines_of({"one\r\ntwo\rthree"}), (std::vector<std::string>{"one", "", "two", "rest:three"}));
}

TEST(PlainLines, HonoursBackspaceAndBoundsALine) {
  EXPECT_EQ(lines_of({"rn\b\bls"}), (std::vector<std::string>{"rn", "rest:ls"}));
  const auto out = lines_of({std::string(100'000, 'x')});
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[0].size(), 65536U);
  EXPECT_TRUE(found(std::string(65'533, 'x') + "needle", "needle"));
}

TEST(PlainLines, NoSequenceBlindsTheSearch) {
  const std::string filler(5000, '#');
  for (const std::string& before : std::vector<std::string>{
           "\x1b]0;\x18", "\x1b]0;x\x1b[m", "\x1bP1$r\x1a", "\x1b]0;never ended\n", "\x1bPq" + filler,
           "\x1b_" + filler + "\r", "\x1b^\x1b\x1b[1m", "\x1bX\x1b(B", "\x1b[\n", "\x1b[31\xc3\xa9", "\x1b(\n",
           "\x1b[" + std::string(300, ';'), "\x1b]0;\x1b", "\xe2\x82", "\x9d\x90"}) {
    EXPECT_TRUE(found(before + "\nneedle\n", "needle")) << before.substr(0, 20);
    EXPECT_TRUE(found(before + " needle", "needle") || before.find_first_of("\x18\x1a\n\r") == std::string::npos)
        << before.substr(0, 20);
  }
  EXPECT_TRUE(found("needle\b\b\b\b\b\b\x1b[6C", "needle"));
}

TEST(PlainLines, WhatShowsNothingPartsNothing) {
  EXPECT_TRUE(found("ne\u200bed\u00adl\u2060e", "needle"));
  EXPECT_TRUE(
      found("nee\xc2\x9b"
            "dle",
            "needle"));
  EXPECT_TRUE(
      found("nee\x07"
            "d\x7f"
            "le",
            "needle"));
}

// Random output of words, controls and sequences of all kinds, ended, cancelled or not. Whatever word stands on the
// terminal model's screen was found in a line before.
class RandomOutput {
 public:
  explicit RandomOutput(unsigned seed) : random_(seed) {
    const int pieces = 5 + static_cast<int>(random_() % 40);
    for (int i = 0; i < pieces; ++i) piece();
  }
  const std::string& bytes() const { return bytes_; }
  const std::vector<std::string>& words() const { return words_; }

 private:
  const std::string& one_of(const std::vector<std::string>& choices) { return choices[random_() % choices.size()]; }

  void word() {
    words_.push_back("<" + std::to_string(words_.size()) + one_of({"ab", "needle", "\u00e9t\u00e9", "x"}) + ">");
    bytes_ += words_.back();
  }

  void piece() {
    static const std::vector<std::string> controls{
        "\n",   "\r\n", "\r",   "\t",       "\b",   "\b\b\b",   "\x07",  "\x0b", "\x0c", std::string(1, '\0'),
        "\x7f", "\x18", "\x1a", "\xc2\x9b", "\xff", "\xe2\x82", "\u200b"};
    static const std::vector<std::string> begins{"\x1b]0;", "\x1b]52;c;", "\x1bP",    "\x1bX", "\x1b^",
                                                 "\x1b_",   "\x1b[",      "\x1b[?1",  "\x1b(", "\x1b",
                                                 "\x1b#",   "\x1b[38:2",  "\x1b\x07["};
    static const std::vector<std::string> ends{"\x07", "\x1b\\", "\x18",       "\x1a", "\x1b[m", "m", "h",  "K", "\x1b",
                                               "\n",   "\r",     "\x1b\x1b\\", "",     "\x1b]",  "H", "5C", "B"};
    switch (random_() % 5) {
      case 0:
        bytes_ += one_of(controls);
        return;
      case 1:
      case 2:
        return word();
      case 3:
        bytes_ += one_of(begins);
        if (random_() % 2 == 0) word();
        if (random_() % 8 == 0) bytes_.append(4000 + random_() % 300, '.');
        bytes_ += one_of(ends);
        return;
      default:
        bytes_ += one_of(ends);
    }
  }

  std::mt19937 random_;
  std::string bytes_;
  std::vector<std::string> words_;
};

TEST(PlainLines, FindEveryWordThatTheTerminalModelShows) {
  std::size_t shown = 0, hidden = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const RandomOutput output(seed);
    std::string lines;
    PlainLines plain;
    const auto keep = [&](std::string_view line) { (lines += line) += '\n'; };
    codec::terminal::Terminal terminal({60, 200}, 0);
    // Cut anywhere, and looked at after each piece: a word counts although it is overwritten later.
    for (std::size_t at = 0; at < output.bytes().size();) {
      const std::size_t size = std::min<std::size_t>(1 + (seed + at) % 97, output.bytes().size() - at);
      plain.feed(std::string_view(output.bytes()).substr(at, size), keep);
      terminal.feed(base::view(std::string_view(output.bytes()).substr(at, size)));
      at += size;
      if (at < output.bytes().size() && at % 5 != 0) continue;
      std::string found = lines;
      plain.finish([&](std::string_view line) { found += line; });
      std::string screen;
      for (const std::string& row : terminal.rendered_text()) (screen += row) += '\n';
      for (const std::string& word : output.words()) {
        if (screen.find(word) == std::string::npos) {
          ++hidden;
          continue;
        }
        ++shown;
        ASSERT_NE(found.find(word), std::string::npos) << "seed " << seed << " " << word;
      }
    }
  }
  EXPECT_GT(shown, 10'000U);
  EXPECT_GT(hidden, 10'000U);
}

}  // namespace
}  // namespace sallyport::cli
