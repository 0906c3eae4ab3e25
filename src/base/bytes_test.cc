// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace sallyport::base {
namespace {

TEST(Bytes, HexRoundTripsAndRefusesRubbish) {
  EXPECT_EQ(to_hex(view("\x01\xffz")), "01ff7a");
  EXPECT_EQ(*from_hex("01FF7a"), to_bytes("\x01\xffz"));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Bytes, Base64RoundTripsAtEveryLength) {
  std::string s;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(to_text(*from_base64(to_base64(view(s)))), s);
    s.push_back(static_cast<char>(i * 37));
  }
  EXPECT_FALSE(from_base64("a*b="));
}

TEST(Bytes, ConstantTimeEqualityIsEquality) {
  EXPECT_TRUE(equal_constant_time(view("abc"), view("abc")));
  EXPECT_FALSE(equal_constant_time(view("abc"), view("abd")));
  EXPECT_FALSE(equal_constant_time(view("abc"), view("ab")));
  EXPECT_TRUE(equal_constant_time({}, {}));
}

TEST(Bytes, AMovedSecretIsEmpty) {
  SecretBytes a(view("hunter2"));
  SecretBytes b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the contract under test
  EXPECT_EQ(to_text(b.view()), "hunter2");
}

}  // namespace
}  // namespace sallyport::base
