// SPDX-License-Identifier: Apache-2.0
// The vectors of the standards.
#include "identity/hotp.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

using base::view;

std::string code(std::uint64_t step, std::size_t digits) {
  return base::to_text(hotp(view(std::string_view("12345678901234567890")), step, digits)->view());
}

// RFC 4226, appendix D, and RFC 6238, appendix B (SHA-1).
TEST(Hotp, GivesTheCodesOfTheStandards) {
  EXPECT_EQ(code(0, 6), "755224");
  EXPECT_EQ(code(9, 6), "520489");
  EXPECT_EQ(code(59 / 30, 8), "94287082");
  EXPECT_EQ(code(1111111109 / 30, 8), "07081804");
  EXPECT_EQ(code(20000000000 / 30, 8), "65353130");
}

// RFC 4648 §10, without the padding.
TEST(Base32, GivesTheTextsOfTheStandard) {
  const auto encoded = [](std::string_view text) { return base::to_text(to_base32(view(text)).view()); };
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "MY");
  EXPECT_EQ(encoded("fo"), "MZXQ");
  EXPECT_EQ(encoded("foo"), "MZXW6");
  EXPECT_EQ(encoded("foob"), "MZXW6YQ");
  EXPECT_EQ(encoded("fooba"), "MZXW6YTB");
  EXPECT_EQ(encoded("foobar"), "MZXW6YTBOI");
}

}  // namespace
}  // namespace sallyport::identity
