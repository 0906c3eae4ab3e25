// SPDX-License-Identifier: Apache-2.0
// When a session may open, against real spacings and a clock that the test holds.
#include "broker/session/session_turn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

using ::testing::HasSubstr;

constexpr base::Micros kSecond = 1'000'000;

class TurnTest : public ::testing::Test {
 protected:
  SessionTurn turn() { return {openings, logins, "alice", {"deploy", "web1", 0}, 30 * kSecond}; }
  OpeningPace openings;
  LoginSpacing logins;
};

TEST_F(TurnTest, ComesAtOnceWhenNothingIsInTheWay) {
  const auto answer = turn().ask(kSecond);
  EXPECT_NE(answer.trial, nullptr);
  EXPECT_FALSE(answer.refusal);
}

TEST_F(TurnTest, DoesNotComeSoonAfterAFailedLogin) {
  auto first = turn().ask(kSecond);
  ASSERT_NE(first.trial, nullptr);
  first.trial->credential_used();
  first.trial->failed(2 * kSecond);
  first.trial.reset();
  const auto second = turn().ask(3 * kSecond);
  EXPECT_EQ(second.trial, nullptr);
  ASSERT_TRUE(second.refusal);
  EXPECT_EQ(second.refusal->code, "login_spaced");
  EXPECT_THAT(second.refusal->text, HasSubstr("'web1' did not accept the account 'deploy' the last time"));
}

TEST_F(TurnTest, WaitsForUnprovenLoginsAndGivesUpInTime) {
  auto one = turn().ask(kSecond), two = turn().ask(kSecond);
  ASSERT_NE(one.trial, nullptr);
  SessionTurn waiting = turn();
  const auto asked = two.trial ? waiting.ask(kSecond) : std::move(two);
  EXPECT_EQ(asked.trial, nullptr);
  EXPECT_FALSE(asked.refusal);
  EXPECT_GT(asked.wait_us, 0);
  (void)waiting.ask(kSecond);
  const auto late = waiting.ask(32 * kSecond);
  EXPECT_EQ(late.trial, nullptr);
  ASSERT_TRUE(late.refusal);
  EXPECT_EQ(late.refusal->detail, "other logins at the target were under way");
}

TEST_F(TurnTest, OneUserIsPaced) {
  base::Micros now = kSecond;
  std::optional<base::Micros> wait;
  for (int i = 0; i < 2000 && !wait; ++i) {
    auto answer = turn().ask(now);
    if (answer.trial) answer.trial->worked();
    if (!answer.trial && !answer.refusal) wait = answer.wait_us;
  }
  ASSERT_TRUE(wait);
  EXPECT_GT(*wait, 0);
}

}  // namespace
}  // namespace sallyport::broker
