// SPDX-License-Identifier: Apache-2.0
#include "broker/intake/opening_pace.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

constexpr base::Micros start = 1'000'000'000;

TEST(OpeningPace, AUserWhoOpensInALoopWaitsAndNobodyElseDoes) {
  OpeningPace pace;
  std::int64_t opened = 0;
  constexpr std::int64_t seconds = 60;
  for (base::Micros now = start; now < start + seconds * 1'000'000; now += 10'000) {
    if (pace.ask("alice", now) == 0) ++opened;
    if (pace.ask("alice", now) == 0) ++opened;
    if ((now - start) % 1'000'000 == 0) {
      EXPECT_EQ(pace.ask("bob", now), 0);
    }
  }
  const std::int64_t earned = seconds * 1'000'000 / OpeningPace::per_user.refill_us;
  EXPECT_LE(opened, OpeningPace::per_user.burst + earned);
  EXPECT_GE(opened, OpeningPace::per_user.burst + earned - 1);
}

TEST(OpeningPace, WhoWaitsAsLongAsSaidMayOpen) {
  OpeningPace pace;
  while (pace.ask("alice", start) == 0) {
  }
  const base::Micros wait = pace.ask("alice", start);
  EXPECT_GT(pace.ask("alice", start + wait - 1), 0);
  EXPECT_EQ(pace.ask("alice", start + wait), 0);
}

TEST(OpeningPace, ItForgetsOnlyWhoHasRested) {
  OpeningPace pace;
  while (pace.ask("alice", start) == 0) {
  }
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(pace.ask("u" + std::to_string(i), start + i * 50), 0);
  EXPECT_GT(pace.ask("alice", start), 0);
}

}  // namespace
}  // namespace sallyport::broker
