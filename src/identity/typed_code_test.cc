// SPDX-License-Identifier: Apache-2.0
// What people type for a code.
#include "identity/typed_code.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

using Kind = TypedCode::Kind;

std::string read(std::string_view typed, Kind kind) {
  const TypedCode out = read_code(base::view(typed));
  EXPECT_EQ(out.kind, kind) << typed;
  return base::to_text(out.code.view());
}

TEST(TypedCode, ReadsWhatIsCopiedByHand) {
  EXPECT_EQ(read("123456", Kind::totp), "123456");
  EXPECT_EQ(read(" 123 456 ", Kind::totp), "123456");
  EXPECT_EQ(read("ABCD-efgh-2345-mnop", Kind::recovery), "abcdefgh2345mnop");
  EXPECT_EQ(read("abcd efgh 2345 mnop", Kind::recovery), "abcdefgh2345mnop");
}

TEST(TypedCode, NothingElseIsACode) {
  for (const char* typed : {"", "12345", "1234567", "12345a", "-123456789", "abcdefgh2345mno", "abcdefgh2345mnopq",
                            "abcdefgh0189mnop", "abcdefgh2345mn\xc3\xa4", "123456\n", "\t123456"}) {
    EXPECT_EQ(read(typed, Kind::neither), "");
  }
  EXPECT_EQ(read(std::string(59, ' ') + "123456", Kind::neither), "") << "longer than anybody types";
}

}  // namespace
}  // namespace sallyport::identity
