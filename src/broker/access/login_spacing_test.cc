// SPDX-License-Identifier: Apache-2.0
#include "broker/access/login_spacing.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::broker {
namespace {

constexpr base::Micros kStart = 1'000'000'000;

class LoginSpacingTest : public testing::Test {
 protected:
  /// One login that fails at once, if it may begin.
  LoginSpacing::Turn fail_at(const std::string& target, const std::string& account, base::Micros now) {
    auto turn = spacing.ask(target, account, now);
    if (turn.trial) turn.trial->failed(now);
    return turn;
  }
  LoginSpacing spacing;
};

TEST_F(LoginSpacingTest, FailuresOfAnAccountComeEverMoreRarely) {
  std::vector<base::Micros> failed_at;
  for (base::Micros now = kStart; now < kStart + 3'600'000'000; now += 1'000'000) {
    if (fail_at("web1", "root", now).trial) failed_at.push_back((now - kStart) / 1'000'000);
  }
  EXPECT_EQ(failed_at, (std::vector<base::Micros>{0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030}))
      << "in an hour, tried each second";
  const auto turn = spacing.ask("web1", "root", kStart + 3'600'000'000);
  EXPECT_EQ(turn.failures, 11U);
  EXPECT_EQ(turn.next_us, 30'000'000);
}

TEST_F(LoginSpacingTest, OtherAccountsAndTargetsGoOn) {
  auto proven = spacing.ask("web1", "deploy", kStart);
  ASSERT_TRUE(proven.trial);
  proven.trial->worked();
  fail_at("web1", "root", kStart);
  EXPECT_FALSE(spacing.ask("web1", "root", kStart + 1).trial);
  EXPECT_TRUE(spacing.ask("web1", "deploy", kStart + 1).trial) << "an account that works";
  EXPECT_TRUE(spacing.ask("web2", "root", kStart + 1).trial) << "another target";
  const auto unknown = spacing.ask("web1", "backup", kStart + 1);
  EXPECT_FALSE(unknown.trial) << "an account that may not work either";
  EXPECT_EQ(unknown.failures, 0U) << "but it only waits";
  EXPECT_TRUE(spacing.ask("web1", "backup", kStart + 1 + unknown.wait_us).trial);
}

TEST_F(LoginSpacingTest, ManyAccountsTogetherStayBelowWhatATargetPunishes) {
  // As OpenSSH counts: five seconds for each failure, and none is to add up to fifteen.
  base::Micros penalty_until = 0;
  for (base::Micros now = kStart; now < kStart + 600'000'000; now += 100'000) {
    for (int account = 0; account < 30; ++account) {
      if (!fail_at("web1", "a" + std::to_string(account), now).trial) continue;
      penalty_until = std::max(penalty_until, now) + 5'000'000;
      EXPECT_LT(penalty_until - now, 15'000'000);
    }
  }
}

TEST_F(LoginSpacingTest, LoginsAtOnceWaitForTheFirstThatShowsWhetherTheAccountWorks) {
  std::vector<LoginSpacing::Turn> turns;
  for (int i = 0; i < 50; ++i) turns.push_back(spacing.ask("web1", "deploy", kStart));
  EXPECT_TRUE(turns[0].trial);
  EXPECT_TRUE(turns[1].trial);
  for (int i = 2; i < 50; ++i) {
    EXPECT_FALSE(turns[static_cast<std::size_t>(i)].trial);
    EXPECT_GT(turns[static_cast<std::size_t>(i)].wait_us, 0);
  }
  turns[0].trial->worked();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(spacing.ask("web1", "deploy", kStart + 1).trial);
}

TEST_F(LoginSpacingTest, WhatWasUnderWayTogetherCountsAsOneFailure) {
  auto first = spacing.ask("web1", "deploy", kStart), second = spacing.ask("web1", "deploy", kStart);
  first.trial->failed(kStart + 5);
  second.trial->failed(kStart + 6);
  EXPECT_EQ(spacing.ask("web1", "deploy", kStart + 7).failures, 1U);
}

TEST_F(LoginSpacingTest, OnlyWhatTheTargetDidCounts) {
  spacing.ask("web1", "deploy", kStart).trial->closed(kStart);  // before any credential
  EXPECT_TRUE(spacing.ask("web1", "deploy", kStart).trial);
  spacing.ask("web1", "deploy", kStart).trial->credential_used();  // the user left
  EXPECT_TRUE(spacing.ask("web1", "deploy", kStart).trial);
  auto turn = spacing.ask("web1", "deploy", kStart);
  turn.trial->credential_used();
  turn.trial->closed(kStart);
  EXPECT_EQ(spacing.ask("web1", "deploy", kStart + 1).failures, 1U);
}

TEST_F(LoginSpacingTest, ASuccessAndAChangeForgetFailures) {
  fail_at("web1", "deploy", kStart);
  EXPECT_FALSE(spacing.ask("web1", "deploy", kStart + 1).trial);
  spacing.forget();
  auto turn = spacing.ask("web1", "deploy", kStart + 1);
  ASSERT_TRUE(turn.trial);
  turn.trial->worked();
  fail_at("web1", "deploy", kStart + 2);
  EXPECT_EQ(spacing.ask("web1", "deploy", kStart + 3).next_us, LoginSpacing::kFirstWaitUs - 1);
}

}  // namespace
}  // namespace sallyport::broker
