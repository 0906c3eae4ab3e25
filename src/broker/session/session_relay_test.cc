// SPDX-License-Identifier: Apache-2.0
// The relay with fakes of all that is around it: what waits, what flows meanwhile, and that nothing is forwarded that
// is not in the record.
#include "broker/session/session_relay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "broker/session/session_fakes_test.h"
#include "event/event.pb.h"
#include "ipc/worker.pb.h"

namespace sallyport::broker {
namespace {

using event::Event;

class RelayTest : public ::testing::Test, public SessionRelay::Owner, public SessionRelay::Meter {
 protected:
  RelayTest() {
    handle.attach([](const ControlAct&, const std::function<void(base::Status)>&) {}, [](bool, const std::string&) {});
    handle.went_live();
  }
  void open() {
    relay.open({journal, rules, back, handle, settings});
    for (std::uint32_t channel : {0U, 2U, 4U}) {
      Event event;
      event.mutable_channel_open()->set_channel(channel);
      relay.take(Direction::up, base::view(event.SerializeAsString()));
      channels_opened.push_back(event.SerializeAsString());
    }
    back.events.clear();
  }
  static std::string data(std::uint32_t channel, const std::string& bytes) {
    Event event;
    event.mutable_data()->set_channel(channel);
    event.mutable_data()->set_bytes(bytes);
    return event.SerializeAsString();
  }
  void up(std::uint32_t channel, const std::string& bytes) {
    relay.take(Direction::up, base::view(data(channel, bytes)));
  }
  void down(std::uint32_t channel, const std::string& bytes) {
    relay.take(Direction::down, base::view(data(channel, bytes)));
  }
  static std::vector<std::string> texts(const std::vector<std::string>& events) {
    std::vector<std::string> out;
    for (const std::string& bytes : events) {
      Event event;
      event.ParseFromString(bytes);
      if (event.has_data()) out.push_back(event.data().bytes());
    }
    return out;
  }
  void pause() {
    handle.control({ControlAction::pause, "admin", ""}, [](const base::Status&) {});
    handle.carry_out(ControlAction::pause, 1);
  }
  void resume() {
    handle.carry_out(ControlAction::resume, 1);
    relay.go_on();
  }
  void decide_one(bool allow) {
    auto done = std::move(decisions.front());
    decisions.pop_front();
    allow ? done(std::nullopt) : done(Judgement{Ruling::refuse, "held", "denied"});
  }

  bool login_counts() override { return counts; }
  void decide(const Event&, const Judgement&, SessionRelay::Decided done) override {
    decisions.push_back(std::move(done));
  }
  void refused(const Judgement& judgement) override { refusals.push_back(judgement.reason); }
  void data_moved(Direction, const Channel*) override {}
  void event_recorded(std::uint64_t sequence, Direction, const Event&, base::ByteView bytes) override {
    recorded.emplace_back(sequence, base::to_text(bytes));
  }
  void event_passed(std::size_t) override {}
  void bulk_begins() override {}
  void bulk_flows() override {}
  void relay_failed(const std::string& reason, const std::string&) override {
    failure = reason;
    relay.stop();
  }
  void dead_back_broke_rules(const std::string& fault) override { failure = fault; }

  using Texts = std::vector<std::string>;
  bool counts = true;
  std::vector<std::pair<std::uint64_t, std::string>> recorded;
  std::deque<SessionRelay::Decided> decisions;
  std::vector<std::string> refusals, channels_opened;
  std::string failure;
  HandClock clock;
  FakeRecord record;
  FakeFront front;
  FakeBack back;
  FakeRules rules;
  HeldBudget held, screens;
  SessionInfo info;
  SessionHandle handle{info};
  policy::RecordSettings settings;
  Journal journal{record, clock, handle.feed(), screens, "alice", [] {}};
  SessionRelay relay{*this, *this, front, held, "alice"};
};

TEST_F(RelayTest, WhatCameBeforeTheTargetWaitsForItInOrder) {
  up(0, "a");
  up(0, "b");
  EXPECT_TRUE(record.written.empty());
  relay.open({journal, rules, back, handle, settings});
  EXPECT_EQ(texts(back.events), (Texts{"a", "b"}));
}

TEST_F(RelayTest, AHeldEventHoldsItsOwnLaneAndNoOther) {
  open();
  up(0, "h1");
  up(0, "after");
  EXPECT_EQ(texts(record.written).back(), "h1") << "it is in the record before anybody decides";
  EXPECT_TRUE(back.events.empty());
  up(2, "other");
  down(0, "answer");
  down(2, "more");
  EXPECT_EQ(texts(back.events), (Texts{"other"}));
  EXPECT_EQ(texts(front.events), (Texts{"answer", "more"}));
  decide_one(true);
  EXPECT_EQ(texts(back.events), (Texts{"other", "h1", "after"}));
}

TEST_F(RelayTest, ADownDirectionIsHeldByItself) {
  open();
  down(0, "h1");
  down(0, "later");
  up(0, "typed");
  down(2, "free");
  EXPECT_EQ(texts(front.events), (Texts{"free"}));
  EXPECT_EQ(texts(back.events), (Texts{"typed"}));
  decide_one(true);
  EXPECT_EQ(texts(front.events), (Texts{"free", "h1", "later"}));
}

TEST_F(RelayTest, ADeniedEventIsRecordedAndNotForwarded) {
  open();
  up(0, "h1");
  up(0, "after");
  decide_one(false);
  EXPECT_EQ(texts(back.events), (Texts{"after"}));
  EXPECT_EQ(refusals, (Texts{"denied"}));
  Event verdict;
  ASSERT_TRUE(verdict.ParseFromString(record.written[record.written.size() - 2]));
  EXPECT_EQ(verdict.verdict().reason(), "denied");
  EXPECT_EQ(texts({record.written[verdict.verdict().sequence()]}), (Texts{"h1"}));
}

TEST_F(RelayTest, AVerdictOfAPausedSessionTakesEffectWhenItIsResumed) {
  open();
  up(0, "h1");
  up(2, "h2");
  up(0, "after");
  pause();
  decide_one(true);
  decide_one(false);
  EXPECT_TRUE(back.events.empty());
  EXPECT_TRUE(refusals.empty());
  resume();
  EXPECT_EQ(texts(back.events), (Texts{"h1", "after"}));
  EXPECT_EQ(refusals.size(), 1U);
}

TEST_F(RelayTest, AVerdictAfterTheEndIsNone) {
  open();
  up(0, "h1");
  relay.stop();
  decide_one(true);
  EXPECT_TRUE(back.events.empty());
  EXPECT_EQ(held.total(), 0U);
}

TEST_F(RelayTest, StrictWaitsForTheDiskFromTheFirstByteThatMayTakeEffect) {
  settings.strict = true;
  open();
  up(0, "ls\nrm\n");
  up(0, "x");
  up(2, "free");
  EXPECT_EQ(texts(back.events), (Texts{"ls", "free"}));
  EXPECT_EQ(texts(record.written), (Texts{"ls", "\nrm\n", "free"}));
  down(0, "echo");
  EXPECT_EQ(texts(front.events), (Texts{"echo"}));
  record.sync_one();
  EXPECT_EQ(texts(back.events), (Texts{"ls", "free", "\nrm\n", "x"}));
}

TEST_F(RelayTest, StrictWaitsForTheDiskAndForTheVerdict) {
  settings.strict = true;
  open();
  up(0, "h\n");  // split: "h" is held, what follows waits behind it in its lane
  decide_one(true);
  EXPECT_EQ(texts(back.events), (Texts{"h"}));
  record.sync_one();
  EXPECT_EQ(texts(back.events), (Texts{"h", "\n"}));
}

TEST_F(RelayTest, ADiskThatFailsEndsTheSession) {
  settings.strict = true;
  open();
  up(0, "\n");
  record.sync_one(false);
  EXPECT_EQ(failure, "recording stopped: the record cannot be synced");
  EXPECT_TRUE(back.events.empty());
}

TEST_F(RelayTest, ABackThatEndedIsHeardOutFirst) {
  open();
  pause();
  down(0, "words");
  bool over = false;
  relay.back_gone([&] { over = true; });
  EXPECT_FALSE(over);
  resume();
  EXPECT_EQ(texts(front.events), (Texts{"words"}));
  EXPECT_TRUE(over);
}

TEST_F(RelayTest, AHeldUpwardEventDoesNotKeepADeadTarget) {
  open();
  up(0, "h1");
  bool over = false;
  relay.back_gone([&] { over = true; });
  EXPECT_TRUE(over);
}

TEST_F(RelayTest, ALoginThatDoesNotCountBeginsNothing) {
  open();
  const unsigned before = rules.barred;
  counts = false;
  up(0, "x");
  EXPECT_EQ(rules.barred, before);
  Event event;
  event.mutable_channel_open()->set_channel(6);
  relay.take(Direction::up, base::view(event.SerializeAsString()));
  EXPECT_EQ(rules.barred, before + 1);
}

TEST_F(RelayTest, AFloodBehindAHoldEndsItsWorkerAndTakesNoTime) {
  open();
  up(0, "h1");
  for (int i = 0; i < 200'000 && !front.killed; ++i) up(0, "h");
  EXPECT_EQ(front.killed, "it sends more than it may");
  EXPECT_TRUE(front.keeps_events);
}

TEST_F(RelayTest, AWorkerThatBreaksTheRulesIsTheLastThatIsHeard) {
  open();
  down(0, "!");
  EXPECT_EQ(back.killed, "no leg says that");
  up(0, "x");
  EXPECT_TRUE(back.events.empty());
}

// Random sessions against a model: each lane is a queue of its own that stops at a held event.
class RandomRelay : public RelayTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  unsigned upto(unsigned n) { return static_cast<unsigned>(die_() % n); }

  void send() {
    static const std::string kinds = "ppphhnk";
    const Direction from = upto(2) == 0 ? Direction::up : Direction::down;
    const std::uint32_t channel = 2 * upto(3);
    const char kind = kinds[upto(static_cast<unsigned>(kinds.size()))];
    const bool effect = settings.strict && from == Direction::up && upto(3) == 0;
    // At its very beginning, or not at all: this test is not about the split.
    std::string bytes(1, kind);
    bytes += std::to_string(++number_);
    if (effect && kind == 'p') bytes = "\n" + bytes;
    model_[{from, channel}].push_back(bytes);
    relay.take(from, base::view(data(channel, bytes)));
  }
  // What a decision was about is known by its place: they are asked for in the order of the record.
  void decide() {
    if (pending_.empty()) return;
    const std::size_t which = upto(static_cast<unsigned>(pending_.size()));
    auto [bytes, done] = std::move(pending_[which]);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
    const bool allow = upto(2) == 0;
    if (!allow) denied_.push_back(bytes);
    allow ? done(std::nullopt) : done(Judgement{Ruling::refuse, "held", "denied"});
  }
  void decide(const Event& event, const Judgement&, SessionRelay::Decided done) override {
    pending_.emplace_back(event.data().bytes(), std::move(done));
  }
  void step() {
    switch (upto(12)) {
      case 0:
        handle.gate_shut() ? resume() : pause();
        break;
      case 1:
        back.is_congested = !back.is_congested;
        relay.go_on();
        break;
      case 2:
        record.has_room = !record.has_room;
        relay.go_on();
        break;
      case 3:
      case 4:
        decide();
        break;
      case 5:
        if (!record.syncs.empty()) record.sync_one();
        break;
      default:
        send();
    }
  }
  void settle() {
    back.is_congested = false;
    record.has_room = true;
    if (handle.gate_shut()) resume();
    relay.go_on();
    while (!pending_.empty() || !record.syncs.empty()) {
      decide();
      if (!record.syncs.empty()) record.sync_one();
    }
  }
  void check_lane(Direction from, std::uint32_t channel, bool whole) {
    Texts expected, got;
    for (const std::string& bytes : model_[{from, channel}]) {
      const bool dropped =
          bytes[0] == 'n' || bytes[0] == 'k' || std::find(denied_.begin(), denied_.end(), bytes) != denied_.end();
      if (!dropped) expected.push_back(bytes);
    }
    for (const std::string& bytes : from == Direction::up ? back.events : front.events) {
      Event event;
      event.ParseFromString(bytes);
      if (event.has_data() && event.data().channel() == channel) got.push_back(event.data().bytes());
    }
    ASSERT_LE(got.size(), expected.size());
    if (whole) {
      ASSERT_EQ(got, expected);
    }
    // What is still undecided is in expected, and may be denied later: got is a prefix all the same.
    expected.resize(got.size());
    ASSERT_EQ(got, expected);
  }
  void check(bool whole) {
    for (const Direction from : {Direction::up, Direction::down}) {
      for (const std::uint32_t channel : {0U, 2U, 4U}) check_lane(from, channel, whole);
    }
  }
  void watch() {
    const auto forwarded = [this](const std::string& bytes) {
      EXPECT_FALSE(handle.gate_shut());
      EXPECT_NE(std::find(record.written.begin(), record.written.end(), bytes), record.written.end())
          << "forwarded and not recorded";
    };
    back.on_event = front.on_event = forwarded;
  }

  std::mt19937 die_;
  std::map<std::pair<Direction, std::uint32_t>, Texts> model_;
  std::vector<std::pair<std::string, SessionRelay::Decided>> pending_;
  Texts denied_;
  unsigned number_ = 0;
};

TEST_P(RandomRelay, KeepsTheOrderOfEachLaneAndForwardsWhatIsRecorded) {
  die_.seed(GetParam());
  settings.strict = upto(2) == 0;
  open();
  watch();
  for (int i = 0; i < 300 && !HasFatalFailure(); ++i) {
    step();
    check(false);
  }
  settle();
  check(true);
  EXPECT_EQ(held.total(), 0U);
  EXPECT_TRUE(failure.empty()) << failure;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRelay, ::testing::Range(1U, 101U));

// For whoever reads along: each under its number, whether it waits or not.
TEST_F(RelayTest, WhatMayPassIsToldInTheOrderOfTheRecord) {
  open();
  recorded.clear();
  up(0, "h1");
  down(0, "answer");
  up(2, "n");
  down(2, "more");
  ASSERT_EQ(recorded.size(), 3u);
  for (const auto& [sequence, bytes] : recorded) EXPECT_EQ(record.written.at(sequence), bytes);
  EXPECT_LT(recorded[0].first, recorded[1].first);
  EXPECT_LT(recorded[1].first, recorded[2].first);
}

}  // namespace
}  // namespace sallyport::broker
