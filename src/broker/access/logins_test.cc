// SPDX-License-Identifier: Apache-2.0
// Who is told, and who not.
#include "broker/access/logins.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

TEST(Logins, WhoeverIsInsideLooksAgainAndNobodyElse) {
  Logins logins;
  int first = 0;
  int second = 0;
  auto one = logins.enter([&] { ++first; });
  auto two = logins.enter([&] { ++second; });
  logins.all_look_again();
  one.reset();
  logins.all_look_again();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  two.reset();
  logins.all_look_again();
  EXPECT_EQ(second, 2);
}

}  // namespace
}  // namespace sallyport::broker
