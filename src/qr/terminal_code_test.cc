// SPDX-License-Identifier: Apache-2.0
// The drawing, read back as a camera sees it: the three finder patterns and the quiet zone of ISO/IEC 18004.
#include "qr/terminal_code.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::qr {
namespace {

/// Rows of '#' (dark) and '.' (light).
std::vector<std::string> modules(std::string_view text) {
  std::vector<std::string> out;
  std::string upper;
  std::string lower;
  while (!text.empty()) {
    if (text[0] == '\n') {
      out.push_back(std::exchange(upper, {}));
      out.push_back(std::exchange(lower, {}));
      text.remove_prefix(1);
      continue;
    }
    const std::string_view cell = text.substr(0, text[0] == ' ' ? 1 : 3);
    upper += cell == "\u2588" || cell == "\u2580" ? '.' : '#';
    lower += cell == "\u2588" || cell == "\u2584" ? '.' : '#';
    text.remove_prefix(cell.size());
  }
  return out;
}

TEST(TerminalCode, DrawsWhatACameraFinds) {
  const auto drawn = qr_for_terminal(base::view(std::string_view("otpauth://totp/Sallyport:alice?secret=MZXW6YTBOI")));
  ASSERT_TRUE(drawn) << drawn.message();
  const auto rows = modules(base::text(drawn->view()));
  const std::size_t width = rows[0].size();
  ASSERT_EQ((width - 4 - 17) % 4, 0U) << "a version's width is 17 + 4n";
  for (const std::size_t row : {0U, 1U}) EXPECT_EQ(rows[row], std::string(width, '.'));
  EXPECT_EQ(rows[width - 1], std::string(width, '.'));
  const std::vector<std::string> finder{"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"};
  const auto finds = [&](std::size_t row, std::size_t column) {
    for (std::size_t i = 0; i < finder.size(); ++i) {
      if (rows[row + i].substr(column, finder.size()) != finder[i]) return false;
    }
    return true;
  };
  EXPECT_TRUE(finds(2, 2));
  EXPECT_TRUE(finds(2, width - 9));
  EXPECT_TRUE(finds(width - 9, 2));
  EXPECT_FALSE(finds(width - 9, width - 9));
}

TEST(TerminalCode, RefusesWhatNoCodeHolds) {
  const std::string much(4000, 'x');
  const auto drawn = qr_for_terminal(base::view(much));
  ASSERT_FALSE(drawn);
  EXPECT_EQ(drawn.error().code, base::Errc::full);
}

}  // namespace
}  // namespace sallyport::qr
