// SPDX-License-Identifier: Apache-2.0
// A limit warns once, cuts at its time, and starts anew whenever it is restarted.
#include "broker/session/time_limit.h"

#include <gtest/gtest.h>

#include <random>

namespace sallyport::broker {
namespace {

using Step = TimeLimit::Step;
constexpr base::Micros kSecond = 1'000'000;

TEST(TimeLimit, NoneNeverActs) {
  TimeLimit none(0, 5);
  EXPECT_FALSE(none.set());
  EXPECT_EQ(none.look(1'000'000 * kSecond), Step::nothing);
}

TEST(TimeLimit, WarnsOnceAMinuteBeforeItCuts) {
  TimeLimit limit(900, 0);
  EXPECT_EQ(limit.next_look(), 840 * kSecond);
  EXPECT_EQ(limit.look(839 * kSecond), Step::nothing);
  EXPECT_EQ(limit.look(840 * kSecond), Step::warn);
  EXPECT_EQ(limit.next_look(), 900 * kSecond);
  EXPECT_EQ(limit.look(850 * kSecond), Step::nothing);
  EXPECT_EQ(limit.look(900 * kSecond), Step::cut);
}

TEST(TimeLimit, AShortOneWarnsInItsLastQuarter) {
  TimeLimit limit(8, 0);
  EXPECT_EQ(limit.next_look(), 6 * kSecond);
  EXPECT_EQ(limit.warning_us(), 2 * kSecond);
}

TEST(TimeLimit, ARestartTakesTheWarningBack) {
  TimeLimit limit(8, 0);
  EXPECT_EQ(limit.look(7 * kSecond), Step::warn);
  limit.restart(7 * kSecond);
  EXPECT_EQ(limit.look(8 * kSecond), Step::nothing);
  EXPECT_EQ(limit.look(13 * kSecond), Step::warn);
  EXPECT_EQ(limit.look(15 * kSecond), Step::cut);
}

TEST(TimeLimit, AShorterOneHoldsFromWhereTheTimeCounted) {
  TimeLimit limit(900, 0);
  limit.shorten(1000, 10 * kSecond);
  limit.shorten(0, 10 * kSecond);
  EXPECT_EQ(limit.length_us(), 900 * kSecond) << "it never grows";
  limit.shorten(400, 10 * kSecond);
  EXPECT_EQ(limit.look(339 * kSecond), Step::nothing);
  EXPECT_EQ(limit.look(340 * kSecond), Step::warn);
  EXPECT_EQ(limit.look(400 * kSecond), Step::cut);
}

TEST(TimeLimit, AShorterOneThatIsOverAlreadyWarnsFirst) {
  TimeLimit limit(900, 0);
  EXPECT_EQ(limit.look(850 * kSecond), Step::warn);
  limit.shorten(400, 850 * kSecond);
  EXPECT_EQ(limit.next_look(), 850 * kSecond);
  EXPECT_EQ(limit.look(850 * kSecond), Step::warn) << "of the new limit";
  EXPECT_EQ(limit.look(909 * kSecond), Step::nothing);
  EXPECT_EQ(limit.look(910 * kSecond), Step::cut);
}

TEST(TimeLimit, ARestartAfterAShorteningIsAFullOne) {
  TimeLimit limit(0, 0);
  limit.restart(50 * kSecond);
  limit.shorten(40, 100 * kSecond);
  EXPECT_TRUE(limit.set()) << "where there was none";
  EXPECT_EQ(limit.look(100 * kSecond), Step::warn);
  limit.restart(105 * kSecond);
  EXPECT_EQ(limit.next_look(), 135 * kSecond);
  EXPECT_EQ(limit.look(135 * kSecond), Step::warn);
  EXPECT_EQ(limit.look(145 * kSecond), Step::cut);
}

// Whoever looks when told to, restarts at random in between, and keeps its own account, is never surprised.
TEST(TimeLimit, AgreesWithAModelOverRandomRestarts) {
  std::mt19937 random(7);
  for (int run = 0; run < 200; ++run) {
    const std::int64_t seconds = 1 + random() % 500;
    TimeLimit limit(seconds, 0);
    base::Micros now = 0, since = 0;
    bool warned = false;
    for (int step = 0; step < 200; ++step) {
      if (random() % 3 == 0) {
        limit.restart(now);
        since = now;
        warned = false;
      }
      now = random() % 2 == 0 ? limit.next_look() : now + static_cast<base::Micros>(random() % (20 * kSecond));
      const base::Micros quiet = now - since;
      const Step got = limit.look(now);
      if (quiet >= seconds * kSecond) {
        ASSERT_EQ(got, Step::cut);
        break;
      }
      const bool due = !warned && quiet >= seconds * kSecond - limit.warning_us();
      ASSERT_EQ(got, due ? Step::warn : Step::nothing);
      warned = warned || due;
      ASSERT_GT(limit.next_look(), now);
    }
  }
}

TEST(TimeLimit, IsSpokenInTheLargestWholeUnit) {
  EXPECT_EQ(spoken_duration(1), "1 s");
  EXPECT_EQ(spoken_duration(90 * kSecond), "90 s");
  EXPECT_EQ(spoken_duration(60 * kSecond), "60 s");
  EXPECT_EQ(spoken_duration(900 * kSecond), "15 min");
  EXPECT_EQ(spoken_duration(28'800 * kSecond), "8 h");
}

}  // namespace
}  // namespace sallyport::broker
