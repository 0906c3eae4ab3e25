// SPDX-License-Identifier: Apache-2.0
#include "broker/intake/opening_pace.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

constexpr base::Micros kStart = 1'000'000'000;

TEST(OpeningPace, AUserWhoOpensInALoopWaitsAndNobodyElseDoes) {
  OpeningPace pace;
  std::int64_t opened = 0;
  constexpr std::int64_t seconds = 60;
  for (base::Micros now = kStart; now < kStart + seconds * 1'000'000; now += 10'000) {
    if (pace.ask("alice", now) == 0) ++opened;
    if (pace.ask("alice", now) == 0) ++opened;
    if ((now - kStart) % 1'000'000 == 0) {
      EXPECT_EQ(pace.ask("bob", now), 0);
    }
  }
  const std::int64_t earned = seconds * 1'000'000 / OpeningPace::kPerUser.refill_us;
  EXPECT_LE(opened, OpeningPace::kPerUser.burst + earned);
  EXPECT_GE(opened, OpeningPace::kPerUser.burst + earned - 1);
}

TEST(OpeningPace, WhoWaitsAsLongAsSaidMayOpen) {
  OpeningPace pace;
  while (pace.ask("alice", kStart) == 0) {
  }
  const base::Micros wait = pace.ask("alice", kStart);
  EXPECT_GT(pace.ask("alice", kStart + wait - 1), 0);
  EXPECT_EQ(pace.ask("alice", kStart + wait), 0);
}

TEST(OpeningPace, ItForgetsOnlyWhoHasRested) {
  OpeningPace pace;
  while (pace.ask("alice", kStart) == 0) {
  }
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(pace.ask("u" + std::to_string(i), kStart + i * 50), 0);
  EXPECT_GT(pace.ask("alice", kStart), 0);
}

}  // namespace
}  // namespace sallyport::broker
