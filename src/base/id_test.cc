// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <gtest/gtest.h>

namespace sallyport::base {
namespace {

TEST(Id, HasItsFormAndSortsByTime) {
  SystemRandom random;
  const std::string a = make_id(1'000'000'000'000'000, random), b = make_id(1'000'000'000'001'000, random);
  EXPECT_TRUE(is_id(a));
  EXPECT_LT(a, b);
  EXPECT_NE(a, make_id(1'000'000'000'000'000, random));
  EXPECT_FALSE(is_id("../../etc/passwd__________"));
  EXPECT_FALSE(is_id(a + "0"));
}

}  // namespace
}  // namespace sallyport::base
