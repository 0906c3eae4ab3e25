// SPDX-License-Identifier: Apache-2.0
#include "broker/node/descriptor_budget.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sallyport::broker {
namespace {

TEST(DescriptorPlan, GivesWhatIsConfiguredWhereThereIsRoom) {
  const auto plan = plan_descriptors(65536, config::Limits{}, 8);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->sessions, config::Limits{}.max_sessions);
  EXPECT_EQ(plan->preauth, config::Limits{}.preauth_total);
  EXPECT_EQ(plan->lookups, 64u);
}

TEST(DescriptorPlan, SessionsFollowFromTheLimit) {
  config::Limits limits;
  limits.max_sessions = 20000;
  const auto plan = plan_descriptors(20000, limits, 8);
  ASSERT_TRUE(plan);
  EXPECT_GT(plan->sessions, 1600u);
  EXPECT_LT(plan->sessions, 20000u / (kConnectionDescriptors + kSessionDescriptors));
}

TEST(DescriptorPlan, StrangersGetWhatFewSessionsLeave) {
  config::Limits limits;
  limits.max_sessions = 1000;
  limits.preauth_total = 2500;
  const auto plan = plan_descriptors(20000, limits, 8);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->preauth, 2500u);
  EXPECT_EQ(plan->sessions, 1000u);
}

TEST(DescriptorPlan, NothingIsGivenTwice) {
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    config::Limits limits;
    limits.max_sessions = 1 + random() % 100'000;
    limits.preauth_total = 1 + random() % 100'000;
    const std::size_t limit = random() % 100'000;
    const std::size_t threads = 1 + random() % 64;
    const auto plan = plan_descriptors(limit, limits, threads);
    if (!plan) {
      EXPECT_LT(limit, 600u) << plan.message();
      continue;
    }
    EXPECT_GE(plan->sessions, 1u) << limit;
    EXPECT_GE(plan->preauth, 1u) << limit;
    EXPECT_LE(plan->preauth * kArrivingDescriptors + plan->places + 2 * plan->lookups + 4 * threads, limit);
    EXPECT_LE(plan->sessions * (kConnectionDescriptors + kSessionDescriptors) + plan->kept, plan->places);
  }
}

TEST(DescriptorPlan, TooLowALimitSaysSo) {
  const auto plan = plan_descriptors(64, config::Limits{}, 1);
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.message().find("LimitNOFILE"), std::string::npos);
}

TEST(DescriptorBudget, GivesNoMoreThanItHasAndTakesBack) {
  DescriptorBudget budget(10);
  auto first = budget.take(6);
  EXPECT_TRUE(first);
  EXPECT_FALSE(budget.take(6));
  EXPECT_FALSE(budget.take(2, 3)) << "two would be left";
  auto second = budget.take(2, 2);
  EXPECT_TRUE(second);
  EXPECT_TRUE(budget.take(2));
  first.reset();
  EXPECT_TRUE(budget.take(8));
  EXPECT_FALSE(budget.take(9));
}

}  // namespace
}  // namespace sallyport::broker
