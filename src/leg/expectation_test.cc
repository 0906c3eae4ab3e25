// SPDX-License-Identifier: Apache-2.0
// Staying awake for answers, as they come and fail to come.
#include "leg/expectation.h"

#include <gtest/gtest.h>

namespace sallyport::leg {
namespace {

TEST(Expectation, AsLongAsAnswersComeItIsWorthIt) {
  Expectation echo;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(echo.worth());
    echo.came(i % 4 == 0);  // three late ones in a row are forgiven
  }
}

TEST(Expectation, AfterLateOnesItIsTriedNowAndThen) {
  Expectation echo;
  unsigned tries = 0;
  for (unsigned i = 0; i < Expectation::kBelief + 10 * Expectation::kRetry; ++i) {
    if (!echo.worth()) continue;
    ++tries;
    echo.came(false);
  }
  EXPECT_EQ(tries, Expectation::kBelief + 10);
}

/// Answers that are passed over before one is awaited again.
unsigned passed_over(Expectation& echo) {
  unsigned n = 0;
  while (!echo.worth()) ++n;
  return n;
}

TEST(Expectation, WhoIsInTheWayGivesUpAtOnceAndTriesLessAndLessOften) {
  Expectation echo;
  unsigned tries = 0;
  for (unsigned i = 0; i < 100'000; ++i) {
    if (!echo.worth()) continue;
    ++tries;
    echo.give_up();
  }
  EXPECT_LT(tries, 110u);
  EXPECT_GT(tries, 90u);
}

TEST(Expectation, UndisturbedForAWhileItIsAsQuickAsEver) {
  Expectation echo;
  for (int i = 0; i < 10; ++i) echo.give_up();
  EXPECT_GT(passed_over(echo), Expectation::kRetry);
  for (unsigned i = 0; i < Expectation::kUndisturbed; ++i) echo.came(true);
  for (unsigned i = 0; i < Expectation::kBelief; ++i) echo.came(false);
  EXPECT_LT(passed_over(echo), Expectation::kRetry);
}

TEST(Expectation, OneInTimeIsEnoughToHopeAgain) {
  Expectation echo;
  for (unsigned i = 0; i < Expectation::kBelief; ++i) echo.came(false);
  EXPECT_FALSE(echo.worth());
  echo.came(true);
  EXPECT_TRUE(echo.worth());
}

}  // namespace
}  // namespace sallyport::leg
