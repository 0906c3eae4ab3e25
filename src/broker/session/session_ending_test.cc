// SPDX-License-Identifier: Apache-2.0
// The end of a session with fakes of all that is around it: whichever leg goes first, by itself or by force, with a
// record, without one, or with one that cannot be sealed.
#include "broker/session/session_ending.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/session/opening_fakes_test.h"
#include "event/event.pb.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Phase = SessionEnding::Phase;

SessionFacts usual_facts() {
  SessionFacts facts;
  facts.identity.user = "alice";
  facts.destination = {"deploy", "web1", 0};
  return facts;
}

class EndingTest : public ::testing::Test, public SessionEnding::Owner {
 protected:
  EndingTest() {
    parts.target.name = "web1";
    parts.account.name = "deploy";
  }
  /// The session can be found, and its errands are out.
  void opens() {
    SessionInfo info;
    info.id = "id1";
    parts.handle = std::make_shared<SessionHandle>(info);
    parts.rules = std::make_unique<FakeRules>();
    parts.handle->attach([](const ControlAct&, const std::function<void(base::Status)>&) {},
                         [](bool, const std::string&) {});
    out = true;
  }
  void has_record() {
    auto made = std::make_unique<FakeRecord>();
    record = made.get();
    parts.record = std::move(made);
    parts.journal.emplace(*parts.record, clock, parts.handle->feed(), screens, "alice", [] {});
  }
  void has_back() {
    auto made = std::make_unique<FakeBack>();
    back = made.get();
    parts.back = std::move(made);
  }
  void logs_in() {
    opens();
    has_record();
    has_back();
    out = false;
  }
  void is_live() {
    logs_in();
    ending.went_live();
  }
  void is_sealed(bool ok = true) {
    SessionRecord::Closed closed;
    closed.ok = ok;
    closed.seal.total_bytes = 1000;
    closed.seal.chunks = 3;
    closed.entries = 7;
    record->closed(closed);
  }
  static std::string text_of(const audit::Event& event, const std::string& name) {
    for (const audit::Field& field : event.fields) {
      if (field.name == name) return std::get<std::string>(field.value);
    }
    return "";
  }
  bool is_closing() const { return record != nullptr && record->closed != nullptr; }

  void stop_parts() override {
    ++stopped;
    EXPECT_TRUE(front.terminated.empty()) << "nothing passes behind the last words";
  }
  void when_drained(std::function<void()> then) override { drained = std::move(then); }
  bool errands_out() override { return out; }
  void settle_terminals(std::function<void()> then) override {
    if (!settling) return then();
    settle = std::move(then);
  }
  void stop_inspector() override { ++inspector_stopped; }
  void over() override { ++overs; }

  bool out = false;
  bool settling = false;
  unsigned stopped = 0, inspector_stopped = 0, overs = 0;
  std::function<void()> drained, settle;
  HandClock clock;
  HandAlarm alarm;
  FakeAudit audit, user_audit;
  FakeStore store;
  FakeFront front;
  FakeRecord* record = nullptr;
  FakeBack* back = nullptr;
  HeldBudget screens;
  ChannelBook book;
  SessionParts parts{"id1", usual_facts(), front};
  SessionNotes notes{parts, "node1", audit, user_audit};
  SessionEnding ending{*this, parts, {clock, alarm, notes, store, book}};
};

TEST_F(EndingTest, TheSeatIsFreeWhenBothLegsAreSilentAndNotBefore) {
  Seats seats;
  policy::Limits alone;
  alone.exclusive = true;
  is_live();
  parts.seat = std::move(seats.take({"alice", "deploy", "web1"}, alone).value());
  ending.front_gone("the user left", "");
  EXPECT_FALSE(seats.take({"bob", "deploy", "web1"}, {})) << "the target's login still stands";
  ending.back_gone("", true, "");
  EXPECT_TRUE(seats.take({"bob", "deploy", "web1"}, {})) << "the seal may take its time";
}

TEST_F(EndingTest, WhenTheFrontGoesFirstTheSealWaitsForTheBack) {
  is_live();
  ending.front_gone("the user left", "");
  EXPECT_EQ(stopped, 1U);
  EXPECT_EQ(back->terminated, 1U);
  EXPECT_THAT(front.terminated, IsEmpty()) << "nobody is there";
  EXPECT_FALSE(is_closing());
  ending.back_gone("", true, "");
  ASSERT_TRUE(is_closing());
  EXPECT_EQ(record->closed_for, "the user left");
  EXPECT_EQ(overs, 0U);
  is_sealed();
  EXPECT_EQ(overs, 1U);
}

TEST_F(EndingTest, TheUserIsToldOnceTheTerminalsAreSettled) {
  is_live();
  settling = true;
  ending.end("terminated", "enough");
  EXPECT_EQ(back->terminated, 1U) << "the target need not wait";
  EXPECT_THAT(front.terminated, IsEmpty());
  settle();
  EXPECT_THAT(front.terminated, ElementsAre("enough"));
  EXPECT_EQ(inspector_stopped, 0U) << "what it says yet is recorded";
  ending.back_gone("", true, "");
  ending.front_gone("", "");
  EXPECT_EQ(inspector_stopped, 1U);
  ASSERT_TRUE(is_closing());
}

TEST_F(EndingTest, AFrontThatGoesMeanwhileIsToldNothing) {
  is_live();
  settling = true;
  ending.end("terminated", "enough");
  ending.front_gone("", "");
  settle();
  EXPECT_THAT(front.terminated, IsEmpty());
}

TEST_F(EndingTest, WhenTheBackGoesFirstWhatItSaidLastPassesFirst) {
  is_live();
  ending.back_gone("exit", true, "");
  ASSERT_TRUE(drained);
  EXPECT_EQ(ending.phase(), Phase::live);
  drained();
  EXPECT_THAT(front.terminated,
              ElementsAre("Sallyport: the target ended the connection while this program ran (exit)."));
  EXPECT_EQ(front.goodbye, Goodbye::until_drained);
  EXPECT_EQ(alarm.delay_us, 10'000'000) << "for a slow user";
  EXPECT_EQ(back->terminated, 0U);
  EXPECT_FALSE(is_closing());
  ending.front_gone("", "");
  ASSERT_TRUE(is_closing());
  EXPECT_EQ(record->closed_for, "exit");
  EXPECT_FALSE(alarm.is_set());
}

TEST_F(EndingTest, ABackThatIsLostEndsItAtOnce) {
  is_live();
  ending.back_gone("", false, "");
  EXPECT_FALSE(drained);
  EXPECT_THAT(front.terminated, ElementsAre("Sallyport: the connection to the target was lost."));
  EXPECT_EQ(front.goodbye, Goodbye::brief);
  EXPECT_EQ(alarm.delay_us, 700'000);
  ending.front_gone("", "");
  EXPECT_EQ(record->closed_for, "the back ended unexpectedly");
}

TEST_F(EndingTest, ByForceBothWorkersAreKilledSoon) {
  is_live();
  parts.handle->control({ControlAction::terminate, "admin", ""}, [](const base::Status&) {});
  ending.end("terminated by admin", "enough");
  EXPECT_THAT(front.terminated, ElementsAre("enough"));
  EXPECT_EQ(alarm.delay_us, 300'000);
  EXPECT_FALSE(back->killed);
  alarm.ring();
  EXPECT_TRUE(back->killed);
  EXPECT_TRUE(front.killed);
  ending.back_gone("", false, "");
  ending.front_gone("", "");
  EXPECT_EQ(record->closed_for, "terminated by admin");
}

TEST_F(EndingTest, OnlyTheWorkerThatIsLeftIsKilled) {
  is_live();
  ending.end("time limit reached", "over");
  ending.back_gone("", true, "");
  alarm.ring();
  EXPECT_FALSE(back->killed);
  EXPECT_TRUE(front.killed);
}

TEST_F(EndingTest, ItComesOnceAndTheFirstReasonStays) {
  is_live();
  ending.end("first", "one");
  ending.end("second", "two");
  ending.refuse("three", "third");
  EXPECT_EQ(stopped, 1U);
  EXPECT_THAT(front.terminated, ElementsAre("one"));
  EXPECT_EQ(front.refused, "");
  ending.back_gone("", true, "");
  ending.front_gone("", "");
  is_sealed();
  EXPECT_EQ(overs, 1U);
  ASSERT_THAT(store.ended, SizeIs(1));
  EXPECT_EQ(text_of(store.ended[0], "reason"), "first");
}

TEST_F(EndingTest, WhatSealedTheRecordIsNoted) {
  is_live();
  book.open(0, Direction::up, "session").value()->up.as_events = 5;
  clock.now = 5'000'000;
  ending.front_gone("done", "");
  ending.back_gone("", true, "");
  event::Event last, manifest;
  ASSERT_TRUE(last.ParseFromString(record->written.back()));
  EXPECT_EQ(last.session_end().reason(), "done");
  ASSERT_EQ(last.session_end().coverage_size(), 1);
  ASSERT_TRUE(manifest.ParseFromString(base::to_text(record->manifest)));
  ASSERT_EQ(manifest.session_end().coverage_size(), 1);
  EXPECT_EQ(manifest.session_end().coverage(0).up_bytes(), 5U);
  is_sealed();
  ASSERT_THAT(store.ends, SizeIs(1));
  EXPECT_EQ(store.ends[0].integrity, "sealed");
  EXPECT_EQ(store.ends[0].recording, "sealed");
  EXPECT_EQ(store.ends[0].bytes, 1000);
  EXPECT_EQ(store.ends[0].events, 7);
  EXPECT_EQ(store.ends[0].at_us, 5'000'000);
  EXPECT_EQ(store.ended[0].type, "session.end");
  EXPECT_EQ(store.ended[0].happened_us, 5'000'000) << "also when it is written later";
  EXPECT_EQ(text_of(store.ended[0], "recording"), "sealed");
  EXPECT_EQ(store.left, 1U);
  EXPECT_EQ(parts.handle->info().state, SessionState::ended);
  EXPECT_EQ(parts.handle->info().end_reason, "done");
  EXPECT_TRUE(parts.handle->feed().after(0, 1).closed);
}

TEST_F(EndingTest, ARecordThatCannotBeSealedIsNotedAsThat) {
  is_live();
  ending.front_gone("done", "");
  ending.back_gone("", true, "");
  is_sealed(false);
  ASSERT_THAT(store.ends, SizeIs(1));
  EXPECT_EQ(store.ends[0].integrity, "unsealed");
  EXPECT_EQ(store.ends[0].recording, "live");
  EXPECT_EQ(store.ends[0].bytes, 0);
  EXPECT_EQ(text_of(store.ended[0], "recording"), "truncated");
  EXPECT_EQ(text_of(store.ended[0], "seal"), "");
  EXPECT_EQ(overs, 1U);
}

TEST_F(EndingTest, ARecordThatFailedIsClosedAllTheSame) {
  is_live();
  record->has_room = false;
  ending.end("recording stopped: no disk", "Recording stopped, so this session ends.");
  ending.back_gone("", true, "");
  ending.front_gone("", "");
  EXPECT_THAT(record->written, IsEmpty());
  ASSERT_TRUE(is_closing());
  is_sealed(false);
  EXPECT_EQ(store.ends.at(0).integrity, "unsealed");
}

TEST_F(EndingTest, ARefusalIsReadBeforeItsFrontIsEnded) {
  ending.refuse("no policy", "denied by policy");
  EXPECT_EQ(front.refused, "Sallyport: no policy");
  EXPECT_THAT(front.terminated, IsEmpty());
  EXPECT_EQ(alarm.delay_us, 10'000'000) << "a refusal is shown when the client asks for something";
  EXPECT_EQ(overs, 0U);
  alarm.ring();
  EXPECT_TRUE(front.killed);
  ending.front_gone("", "");
  EXPECT_EQ(overs, 1U);
  EXPECT_THAT(store.ended, IsEmpty()) << "there was no session";
  EXPECT_EQ(store.left, 0U);
}

TEST_F(EndingTest, AnEndDuringTheOpeningWaitsForItsErrands) {
  opens();
  ending.front_gone("the user left", "");
  EXPECT_EQ(stopped, 1U);
  EXPECT_EQ(overs, 0U);
  has_record();  // which comes too late
  ending.look();
  EXPECT_FALSE(is_closing()) << "the store is not back";
  out = false;
  ending.look();
  ASSERT_TRUE(is_closing()) << "a record that was made is sealed";
  is_sealed();
  EXPECT_EQ(text_of(store.ended.at(0), "recording"), "sealed");
  EXPECT_EQ(overs, 1U);
}

TEST_F(EndingTest, AnEndDuringTheOpeningWithoutARecordIsNoted) {
  opens();
  ending.refuse("cannot be recorded", "cannot record: no disk");
  out = false;
  ending.front_gone("", "");
  ASSERT_THAT(store.ends, SizeIs(1));
  EXPECT_EQ(store.ends[0].recording, "");
  EXPECT_EQ(store.ends[0].reason, "cannot record: no disk");
  EXPECT_EQ(store.left, 1U);
  EXPECT_EQ(overs, 1U);
}

TEST_F(EndingTest, ATargetThatFailsDuringTheLoginIsTold) {
  logs_in();
  ending.back_gone("reset", true, "");
  EXPECT_FALSE(drained);
  EXPECT_EQ(front.refused, "Sallyport: failed");
  ending.front_gone("", "");
  EXPECT_EQ(record->closed_for, "target failed during the login: reset");
}

TEST_F(EndingTest, ABackThatBreaksTheRulesEndsItAndIsNoted) {
  is_live();
  ending.back_gone("", false, "it lies");
  ASSERT_THAT(audit.events, SizeIs(1));
  EXPECT_EQ(audit.events[0].type, "worker.fault");
  EXPECT_EQ(text_of(audit.events[0], "worker"), "back");
  EXPECT_EQ(text_of(audit.events[0], "fault"), "it lies");
  EXPECT_THAT(front.terminated, ElementsAre("Sallyport: the session ended because of a fault on the target's side."));
}

TEST_F(EndingTest, ABackThatBreaksTheRulesDuringTheLoginIsARefusal) {
  logs_in();
  ending.back_gone("", false, "it lies");
  EXPECT_EQ(front.refused, "Sallyport: The session could not begin because of a fault on the target's side.");
  EXPECT_THAT(front.terminated, IsEmpty());
}

TEST_F(EndingTest, AFrontThatBreaksTheRulesEndsItAndIsNoted) {
  is_live();
  ending.front_gone("", "it lies");
  EXPECT_EQ(text_of(audit.events.at(0), "worker"), "front");
  ending.back_gone("", true, "");
  EXPECT_EQ(record->closed_for, "the front broke its rules");
}

TEST_F(EndingTest, NothingGoesBeforeBothLegsAndTheErrandsAreBack) {
  for (int missing = 0; missing < 3; ++missing) {
    SCOPED_TRACE(missing);
    SessionParts own{"id1", usual_facts(), front};
    own.back = std::make_unique<FakeBack>();
    out = missing == 0;
    overs = 0;
    SessionEnding one{*this, own, {clock, alarm, notes, store, book}};
    one.end("over", "");
    if (missing != 1) one.front_gone("", "");
    if (missing != 2) one.back_gone("", true, "");
    one.look();
    EXPECT_EQ(overs, 0U);
    out = false;
    if (missing == 1) one.front_gone("", "");
    if (missing == 2) one.back_gone("", true, "");
    one.look();
    one.look();
    EXPECT_EQ(overs, 1U);
  }
}

}  // namespace
}  // namespace sallyport::broker
