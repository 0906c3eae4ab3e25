// SPDX-License-Identifier: Apache-2.0
// The opening of a session whose user is barred between any two of its steps, or whose turn does not come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/session/opening_run_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BarredOpeningTest : public ::testing::Test, public OpeningRun {
 protected:
  static std::shared_ptr<PolicyState> without_policies() {
    auto state = usual_state();
    state->resources.drop_policy("ops");
    return state;
  }
};

TEST_F(BarredOpeningTest, AUserBarredBeforeItIsRefused) {
  bar();
  opening.open();
  EXPECT_THAT(reasons, ElementsAre("the login does not count any more"));
  ASSERT_EQ(user_audit.events.size(), 1U);
  EXPECT_EQ(reason_of(user_audit.events[0]), "stale_login");
  EXPECT_EQ(user_audit.events[0].session, "") << "there is none";
  EXPECT_EQ(parts.handle, nullptr);
}

TEST_F(BarredOpeningTest, AUserBarredWhileItWaitsForItsTurnIsRefused) {
  auto one = logins.ask("web1", "deploy", clock.now), two = logins.ask("web1", "deploy", clock.now);
  opening.open();
  EXPECT_THAT(reasons, IsEmpty());
  ASSERT_TRUE(alarm.is_set());
  EXPECT_EQ(parts.handle, nullptr) << "while it waits nothing of it exists";
  bar();
  alarm.ring();
  EXPECT_THAT(reasons, ElementsAre("the login does not count any more"));
}

TEST_F(BarredOpeningTest, ItGoesOnWhenItsTurnComes) {
  auto one = logins.ask("web1", "deploy", clock.now), two = logins.ask("web1", "deploy", clock.now);
  opening.open();
  EXPECT_FALSE(store.begun);
  one.trial.reset();
  two.trial.reset();
  clock.now += alarm.delay_us;
  alarm.ring();
  EXPECT_TRUE(store.begun);
}

TEST_F(BarredOpeningTest, ATurnThatDoesNotComeIsRefused) {
  auto one = logins.ask("web1", "deploy", clock.now), two = logins.ask("web1", "deploy", clock.now);
  opening.open();
  clock.now += std::int64_t{config.limits.login_seconds} * kSecond + 1;
  alarm.ring();
  EXPECT_THAT(reasons, ElementsAre("its turn did not come"));
  EXPECT_EQ(reason_of(user_audit.events.at(0)), "too_busy");
}

TEST_F(BarredOpeningTest, AnEndWhileItWaitsForItsTurnLeavesNothing) {
  auto one = logins.ask("web1", "deploy", clock.now), two = logins.ask("web1", "deploy", clock.now);
  opening.open();
  opening.stop();
  EXPECT_FALSE(alarm.is_set());
}

TEST_F(BarredOpeningTest, AUserBarredBetweenTheDecisionAndTheListIsRefused) {
  when_found = [this] { bar(); };
  opening.open();
  EXPECT_THAT(reasons, ElementsAre("the login does not count any more"));
  EXPECT_EQ(user_audit.events.at(0).session, "id1");
  EXPECT_FALSE(store.begun);
  EXPECT_FALSE(dialer.connected);
}

TEST_F(BarredOpeningTest, AUserBarredBeforeTheLoginUsesNoSecret) {
  open_up_to_login();
  bar();
  EXPECT_FALSE(opening.back_may_log_in());
  EXPECT_THAT(reasons, ElementsAre("the login does not count any more"));
}

TEST_F(BarredOpeningTest, AUserBarredBetweenTwoStepsOfTheLoginUsesNoSecretAgain) {
  open_up_to_login();
  EXPECT_TRUE(opening.back_may_log_in());
  opening.back_used_secret();
  bar();
  EXPECT_FALSE(opening.back_may_log_in());
}

TEST_F(BarredOpeningTest, AChangeThatTakesTheGrantAwayRefusesWhatWaitsForItsTurn) {
  auto one = logins.ask("web1", "deploy", clock.now), two = logins.ask("web1", "deploy", clock.now);
  opening.open();
  opening.review();
  EXPECT_THAT(reasons, IsEmpty()) << "nothing has changed";
  policy.state = without_policies();
  opening.review();
  EXPECT_THAT(reasons, ElementsAre("denied by policy"));
  EXPECT_FALSE(alarm.is_set());
}

TEST_F(BarredOpeningTest, AChangeOfTheUserRefusesWhatWasNotBegunYet) {
  bar();
  opening.review();
  EXPECT_THAT(reasons, ElementsAre("the login does not count any more"));
}

TEST_F(BarredOpeningTest, AChangeThatTakesTheGrantAwayRefusesWhatIsBeingOpened) {
  opening.open();
  opening.review();
  EXPECT_THAT(reasons, IsEmpty());
  policy.state = without_policies();
  opening.review();
  EXPECT_THAT(reasons, ElementsAre("the grant ended: no_policy"));
  EXPECT_EQ(reason_of(user_audit.events.at(0)), "no_policy");
  opening.review();
  EXPECT_EQ(reasons.size(), 1U) << "once";
}

TEST_F(BarredOpeningTest, AGrantThatEndsBeforeTheLoginUsesNoSecret) {
  open_up_to_login();
  policy.state = without_policies();
  EXPECT_FALSE(opening.back_may_log_in());
  EXPECT_THAT(reasons, ElementsAre("the grant ended: no_policy"));
}

TEST_F(BarredOpeningTest, AUserBarredDuringTheLoginHasNoSession) {
  open_up_to_login();
  EXPECT_TRUE(opening.back_may_log_in());
  bar();
  log_in(true);
  EXPECT_THAT(opened_with, IsEmpty());
  EXPECT_THAT(reasons, ElementsAre("the login does not count any more"));
  EXPECT_EQ(audited().back(), "target.login") << "it has happened";
}

}  // namespace
}  // namespace sallyport::broker
