// SPDX-License-Identifier: Apache-2.0
// The opening of a session: every order in which its errands come back, each of their failures, the login, and that no
// credential is near a back before its time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "broker/session/opening_run_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OpeningTest : public ::testing::Test, public OpeningRun {};

TEST_F(OpeningTest, OpensInEveryOrderOfItsErrands) {
  std::array<Errand, 3> order = kErrands;
  int orders = 0;
  do {
    SCOPED_TRACE(++orders);
    OpeningRun run;
    run.opening.open();
    EXPECT_EQ(run.dialer.address, "10.0.0.9:22");
    for (const Errand errand : order) {
      EXPECT_FALSE(run.spawner.spawned);
      EXPECT_THAT(run.recorded(), IsEmpty());
      run.come_back(errand);
    }
    ASSERT_TRUE(run.spawner.spawned);
    ASSERT_EQ(run.recorded().size(), 1U);
    EXPECT_EQ(run.recorded()[0].session_start().policy(), "ops");
    EXPECT_EQ(run.back, nullptr);
    run.worker_comes();
    EXPECT_TRUE(run.secret_given);
    EXPECT_TRUE(run.back->started);
    run.log_in(true);
    EXPECT_THAT(run.opened_with, ElementsAre("hello"));
    EXPECT_THAT(run.reasons, IsEmpty());
    EXPECT_FALSE(run.alarm.is_set());
    EXPECT_THAT(run.audited(), ElementsAre("recording.start", "target.login"));
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 6);
}

TEST_F(OpeningTest, AnyErrandMayFailInAnyOrder) {
  const std::map<Errand, std::pair<std::string, std::string>> told{
      {Errand::store, {"The gateway cannot open this session: no store", "no store"}},
      {Errand::record, {"cannot be recorded now", "cannot record: no disk"}},
      {Errand::dial, {"The target 'web1' cannot be reached: it does not answer.", "cannot reach target: no target"}}};
  for (const Errand failing : kErrands) {
    std::array<Errand, 3> order = kErrands;
    do {
      OpeningRun run;
      run.opening.open();
      for (const Errand errand : order) run.come_back(errand, errand != failing);
      SCOPED_TRACE(told.at(failing).second);
      EXPECT_THAT(run.texts, ElementsAre(HasSubstr(told.at(failing).first)));
      EXPECT_THAT(run.reasons, ElementsAre(told.at(failing).second));
      EXPECT_FALSE(run.spawner.spawned);
      EXPECT_THAT(run.recorded(), IsEmpty());
      EXPECT_EQ(run.dialer.cancelled, 1U);
      EXPECT_FALSE(run.alarm.is_set());
      EXPECT_FALSE(run.opening.has_errands_out());
      EXPECT_EQ(run.parts.record != nullptr, failing != Errand::record) << "the end seals it";
      // Of the errands on other threads, those behind the one that failed.
      const auto at = std::find(order.begin(), order.end(), failing);
      EXPECT_EQ(run.late_errands, std::count_if(at + 1, order.end(), [](Errand e) { return e != Errand::dial; }));
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_F(OpeningTest, ErrandsThatComeBackAfterTheEndAreAwaitedAndOpenNothing) {
  opening.open();
  opening.stop();
  EXPECT_TRUE(opening.has_errands_out());
  come_back(Errand::record);
  EXPECT_TRUE(opening.has_errands_out());
  come_back(Errand::store);
  EXPECT_FALSE(opening.has_errands_out());
  EXPECT_EQ(late_errands, 2U);
  EXPECT_NE(parts.record, nullptr);
  EXPECT_FALSE(spawner.spawned);
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(OpeningTest, AnEndWhileTheBackIsForkedMakesNoBack) {
  opening.open();
  all_come_back();
  opening.stop();
  worker_comes();
  EXPECT_EQ(back, nullptr);
  EXPECT_FALSE(secret_given);
}

TEST_F(OpeningTest, NothingComesOfItWithoutABack) {
  opening.open();
  all_come_back();
  spawner.spawned(base::fail(base::Errc::busy, "no zygote"));
  EXPECT_THAT(texts, ElementsAre("The gateway is too busy now. Try again."));
  EXPECT_THAT(reasons, ElementsAre("no zygote"));
  EXPECT_EQ(back, nullptr);
}

TEST_F(OpeningTest, NothingComesOfItWhenTheRecordTakesNothing) {
  disk_has_room = false;
  opening.open();
  all_come_back();
  EXPECT_FALSE(spawner.spawned);
}

TEST_F(OpeningTest, ADatabaseThatIsAwayIsNamed) {
  opening.open();
  store.begun(base::fail(base::Errc::closed, "the server does not answer"));
  EXPECT_THAT(texts, ElementsAre(HasSubstr("database does not answer")));
}

TEST_F(OpeningTest, ThePolicysNoIsAuditedAndNothingBegins) {
  auto state = usual_state();
  policy::Policy other = usual_policy();
  other.accounts = {"root"};
  state->resources.put(other);
  policy.state = state;
  opening.open();
  EXPECT_THAT(reasons, ElementsAre("denied by policy"));
  ASSERT_EQ(user_audit.events.size(), 1U);
  EXPECT_EQ(reason_of(user_audit.events[0]), "no_policy");
  EXPECT_EQ(parts.handle, nullptr);
  EXPECT_FALSE(store.begun);
}

TEST_F(OpeningTest, WithoutWhatThePolicyRequiresNothingBegins) {
  auto state = usual_state();
  policy::Policy strict = usual_policy();
  strict.require.reason = true;
  state->resources.put(strict);
  policy.state = state;
  opening.open();
  ASSERT_EQ(approvals.claims.size(), 1U) << "the user may have said why";
  EXPECT_TRUE(approvals.claims[0].rules.empty());
  FakeDesk::answer(approvals.on_claim, base::Result<std::optional<policy::AccessRequest>>(std::nullopt));
  EXPECT_TRUE(approvals.drafts.empty()) << "nobody else can say it";
  EXPECT_THAT(reasons, ElementsAre("a requirement is not met"));
  EXPECT_EQ(reason_of(user_audit.events.at(0)), "requirement_unmet");
  EXPECT_EQ(parts.handle, nullptr);
  EXPECT_FALSE(store.begun);
}

TEST_F(OpeningTest, ATelnetTargetIsNotDialledWhereNoPolicyAllowsTelnet) {
  auto state = usual_state();
  state->resources.targets["web1"].protocol = policy::Protocol::telnet;
  policy.state = state;
  opening.open();
  EXPECT_THAT(reasons, ElementsAre("denied by policy"));
  EXPECT_EQ(reason_of(user_audit.events.at(0)), "no_policy");
  EXPECT_FALSE(dialer.connected);
  EXPECT_FALSE(store.begun);
}

TEST_F(OpeningTest, OneSessionTooManyIsRefusedAndNothingBegins) {
  auto state = usual_state();
  policy::Policy strict = usual_policy();
  strict.limits.sessions_per_target = 1;
  state->resources.put(strict);
  policy.state = state;
  const auto other = sessions.seats().take({"bob", "root", "web1"}, {});
  ASSERT_TRUE(other);
  opening.open();
  EXPECT_THAT(reasons, ElementsAre("a limit on sessions"));
  EXPECT_THAT(texts, ElementsAre(HasSubstr("The target 'web1' has 1 session, and the policy allows 1 at a time")));
  EXPECT_EQ(reason_of(user_audit.events.at(0)), "session_limit");
  EXPECT_EQ(parts.handle, nullptr);
  EXPECT_FALSE(store.begun);
}

TEST_F(OpeningTest, ASessionThatBeginsHasItsSeat) {
  opening.open();
  ASSERT_NE(parts.seat, nullptr);
  policy::Limits alone;
  alone.sessions_per_target = 1;
  EXPECT_FALSE(sessions.seats().take({"bob", "root", "web1"}, alone));
}

TEST_F(OpeningTest, ATargetWhoseProtocolIsNotServedIsRefused) {
  auto state = usual_state();
  state->resources.targets["web1"].protocol = policy::Protocol::telnet;
  policy::Policy plain = usual_policy();
  plain.allow.add(policy::Permission::telnet);
  state->resources.put(plain);
  policy.state = state;
  opening.open();
  EXPECT_THAT(reasons, ElementsAre("no such protocol"));
  EXPECT_EQ(sessions.size(), 0U);
}

TEST_F(OpeningTest, WithoutRoomItNeverBegins) {
  Registry full(0);
  SessionOpening one{*this, parts, means_with(full, descriptors, recording_key)};
  one.open();
  EXPECT_THAT(reasons, ElementsAre("no room"));
  DescriptorBudget few{kSessionDescriptors - 1};
  SessionOpening two{*this, parts, means_with(sessions, few, recording_key)};
  two.open();
  EXPECT_EQ(reasons.back(), "no room: the limit of open files");
  EXPECT_FALSE(store.begun);
}

TEST_F(OpeningTest, WithoutAReaderOfItsRecordItNeverBegins) {
  SessionOpening one{*this, parts, means_with(sessions, descriptors, {})};
  one.open();
  EXPECT_THAT(reasons, ElementsAre(HasSubstr("cannot record: ")));
  EXPECT_EQ(sessions.size(), 0U);
  EXPECT_FALSE(store.begun);
}

TEST_F(OpeningTest, ALoginThatTheTargetRefusesIsTold) {
  open_up_to_login();
  log_in(false);
  EXPECT_THAT(texts, ElementsAre(HasSubstr("did not accept the account 'deploy'. Tell an administrator; session id1.\n"
                                           "The target says:\nhello")));
  EXPECT_EQ(audited().back(), "target.login_failed");
  EXPECT_GT(logins.ask("web1", "deploy", clock.now).failures, 0U);
}

TEST_F(OpeningTest, ALoginThatTheRecordDoesNotTakeOpensNothing) {
  open_up_to_login();
  record->has_room = false;
  log_in(true);
  EXPECT_THAT(opened_with, IsEmpty());
  EXPECT_EQ(audited().back(), "recording.start");
}

TEST_F(OpeningTest, ATargetThatHangsUpAfterTheSecretHasRefusedIt) {
  open_up_to_login();
  opening.back_ended();
  EXPECT_EQ(logins.ask("web1", "deploy", clock.now).failures, 0U) << "it never saw the secret";
  OpeningRun other;
  other.open_up_to_login();
  other.opening.back_used_secret();
  other.opening.back_ended();
  EXPECT_EQ(other.logins.ask("web1", "deploy", other.clock.now).failures, 1U);
}

TEST_F(OpeningTest, AfterTheEndTheBackLogsInNoMore) {
  open_up_to_login();
  opening.stop();
  EXPECT_FALSE(opening.back_may_log_in());
  log_in(true);
  EXPECT_THAT(opened_with, IsEmpty());
  EXPECT_EQ(recorded().size(), 1U);
}

TEST_F(OpeningTest, TheDeadlineNamesWhatItWaitedFor) {
  opening.open();
  EXPECT_EQ(alarm.delay_us, std::int64_t{config.limits.login_seconds} * kSecond);
  alarm.ring();
  EXPECT_THAT(texts, ElementsAre("The target 'web1' could not be connected to in time."));
  EXPECT_THAT(reasons, ElementsAre("login timed out"));
  OpeningRun other;
  other.open_up_to_login();
  other.alarm.ring();
  EXPECT_THAT(other.texts, ElementsAre("late"));
}

TEST_F(OpeningTest, WhatTheBackRefusesIsTold) {
  open_up_to_login();
  opening.back_refused("no such host key", "host key refused");
  EXPECT_THAT(texts, ElementsAre("no such host key"));
  EXPECT_THAT(reasons, ElementsAre("host key refused"));
}

TEST_F(OpeningTest, WhatIsKnownOfTheLoginIsInTheAuditLogAndTheRow) {
  opening.open();
  ASSERT_EQ(store.started.size(), 1U);
  EXPECT_EQ(store.started[0].type, "session.start");
  EXPECT_EQ(store.started[0].session, "id1");
  ASSERT_EQ(store.rows.size(), 1U);
  EXPECT_EQ(store.rows[0].node, "node1");
  EXPECT_EQ(store.rows[0].user, "alice");
  EXPECT_EQ(store.rows[0].state, "live");
  EXPECT_EQ(records.order.id, "id1");
  EXPECT_EQ(records.order.recipients.size(), 1U);
}

}  // namespace
}  // namespace sallyport::broker
