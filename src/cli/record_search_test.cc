// SPDX-License-Identifier: Apache-2.0
// Lines out of terminal output.
#include "cli/record_search.h"

#include <gtest/gtest.h>

namespace sallyport::cli {
namespace {

std::vector<std::string> lines_of(const std::vector<std::string>& pieces) {
  PlainLines lines;
  std::vector<std::string> out;
  for (const std::string& piece : pieces) lines.feed(piece, [&](const std::string& line) { out.push_back(line); });
  out.push_back("rest:" + lines.rest());
  return out;
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
  EXPECT_EQ(lines_of({"rn\b\bls"}), (std::vector<std::string>{"rest:ls"}));
  const auto out = lines_of({std::string(100'000, 'x')});
  EXPECT_EQ(out.size(), 2U);
  EXPECT_EQ(out[0].size(), 65536U);
}

}  // namespace
}  // namespace sallyport::cli
