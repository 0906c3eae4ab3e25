// SPDX-License-Identifier: Apache-2.0
#include "broker/access/login_spacing.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::broker {
namespace {

constexpr base::Micros start = 1'000'000'000;

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
  for (base::Micros now = start; now < start + 3'600'000'000; now += 1'000'000) {
    if (fail_at("web1", "root", now).trial) failed_at.push_back((now - start) / 1'000'000);
  }
  EXPECT_EQ(failed_at, (std::vector<base::Micros>{0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030}))
      << "in an hour, tried each second";
  const auto turn = spacing.ask("web1", "root", start + 3'600'000'000);
  EXPECT_EQ(turn.failures, 11U);
  EXPECT_EQ(turn.next_us, 30'000'000);
}

TEST_F(LoginSpacingTest, OtherAccountsAndTargetsGoOn) {
  auto proven = spacing.ask("web1", "deploy", start);
  ASSERT_TRUE(proven.trial);
  proven.trial->worked();
  fail_at("web1", "root", start);
  EXPECT_FALSE(spacing.ask("web1", "root", start + 1).trial);
  EXPECT_TRUE(spacing.ask("web1", "deploy", start + 1).trial) << "an account that works";
  EXPECT_TRUE(spacing.ask("web2", "root", start + 1).trial) << "another target";
  const auto unknown = spacing.ask("web1", "backup", start + 1);
  EXPECT_FALSE(unknown.trial) << "an account that may not work either";
  EXPECT_EQ(unknown.failures, 0U) << "but it only waits";
  EXPECT_TRUE(spacing.ask("web1", "backup", start + 1 + unknown.wait_us).trial);
}

TEST_F(LoginSpacingTest, ManyAccountsTogetherStayBelowWhatATargetPunishes) {
  // As OpenSSH counts: five seconds for each failure, and none is to add up to fifteen.
  base::Micros penalty_until = 0;
  for (base::Micros now = start; now < start + 600'000'000; now += 100'000) {
    for (int account = 0; account < 30; ++account) {
      if (!fail_at("web1", "a" + std::to_string(account), now).trial) continue;
      penalty_until = std::max(penalty_until, now) + 5'000'000;
      EXPECT_LT(penalty_until - now, 15'000'000);
    }
  }
}

TEST_F(LoginSpacingTest, LoginsAtOnceWaitForTheFirstThatShowsWhetherTheAccountWorks) {
  std::vector<LoginSpacing::Turn> turns;
  for (int i = 0; i < 50; ++i) turns.push_back(spacing.ask("web1", "deploy", start));
  EXPECT_TRUE(turns[0].trial);
  EXPECT_TRUE(turns[1].trial);
  for (int i = 2; i < 50; ++i) {
    EXPECT_FALSE(turns[static_cast<std::size_t>(i)].trial);
    EXPECT_GT(turns[static_cast<std::size_t>(i)].wait_us, 0);
  }
  turns[0].trial->worked();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(spacing.ask("web1", "deploy", start + 1).trial);
}

TEST_F(LoginSpacingTest, WhatWasUnderWayTogetherCountsAsOneFailure) {
  auto first = spacing.ask("web1", "deploy", start), second = spacing.ask("web1", "deploy", start);
  first.trial->failed(start + 5);
  second.trial->failed(start + 6);
  EXPECT_EQ(spacing.ask("web1", "deploy", start + 7).failures, 1U);
}

TEST_F(LoginSpacingTest, OnlyWhatTheTargetDidCounts) {
  spacing.ask("web1", "deploy", start).trial->closed(start);  // before any credential
  EXPECT_TRUE(spacing.ask("web1", "deploy", start).trial);
  spacing.ask("web1", "deploy", start).trial->credential_used();  // the user left
  EXPECT_TRUE(spacing.ask("web1", "deploy", start).trial);
  auto turn = spacing.ask("web1", "deploy", start);
  turn.trial->credential_used();
  turn.trial->closed(start);
  EXPECT_EQ(spacing.ask("web1", "deploy", start + 1).failures, 1U);
}

TEST_F(LoginSpacingTest, ASuccessAndAChangeForgetFailures) {
  fail_at("web1", "deploy", start);
  EXPECT_FALSE(spacing.ask("web1", "deploy", start + 1).trial);
  spacing.forget();
  auto turn = spacing.ask("web1", "deploy", start + 1);
  ASSERT_TRUE(turn.trial);
  turn.trial->worked();
  fail_at("web1", "deploy", start + 2);
  EXPECT_EQ(spacing.ask("web1", "deploy", start + 3).next_us, LoginSpacing::first_wait_us - 1);
}

}  // namespace
}  // namespace sallyport::broker
