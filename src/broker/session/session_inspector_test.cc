// SPDX-License-Identifier: Apache-2.0
// A session and its inspector, with a fake of the worker: when it starts, what it is sent, what becomes of its answers,
// and how a session ends with it and without it.
#include "broker/session/session_inspector.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "broker/session/session_fakes_test.h"
#include "event/event.pb.h"
#include "ipc/message_kind.h"

namespace sallyport::broker {
namespace {

using event::Event;

class FakeInspector final : public InspectorSide {
 public:
  struct Seen {
    Owner* owner = nullptr;
    std::vector<ipc::BrokerToInspector> messages;
    bool unread = false;
    std::string killed;
  };
  explicit FakeInspector(Seen& seen) : seen_(seen) {}
  void start(Owner& owner) override { seen_.owner = &owner; }
  void send(const ipc::BrokerToInspector& message) override { seen_.messages.push_back(message); }
  void hold_reading(bool hold) override { seen_.unread = hold; }
  void kill(const std::string& fault) override { seen_.killed = fault; }

 private:
  Seen& seen_;
};

class InspectorTest : public ::testing::Test {
 protected:
  InspectorTest() {
    record.written.emplace_back();  // a record begins before anything passes
    inspector.begin(journal, front);
  }

  // What passes is in the record first.
  std::uint64_t pass(Direction from, const Event& event) {
    const std::string bytes = event.SerializeAsString();
    record.written.push_back(bytes);
    inspector.see(record.entries() - 1, from, event, base::view(bytes));
    return record.entries() - 1;
  }
  std::uint64_t open_channel(std::uint32_t channel) {
    Event event;
    event.mutable_channel_open()->set_channel(channel);
    return pass(Direction::up, event);
  }
  std::uint64_t pty(std::uint32_t channel, std::uint32_t columns = 80) {
    Event event;
    event.mutable_request()->set_channel(channel);
    event.mutable_request()->mutable_pty()->set_columns(columns);
    event.mutable_request()->mutable_pty()->set_rows(24);
    return pass(Direction::up, event);
  }
  std::uint64_t data(Direction from, std::uint32_t channel, const std::string& bytes) {
    Event event;
    event.mutable_data()->set_channel(channel);
    event.mutable_data()->set_bytes(bytes);
    return pass(from, event);
  }
  std::uint64_t close(Direction from, std::uint32_t channel) {
    Event event;
    event.mutable_close()->set_channel(channel);
    return pass(from, event);
  }
  void start_worker() {
    ASSERT_TRUE(opened);
    std::exchange(opened, nullptr)(std::make_unique<FakeInspector>(worker));
  }
  /// A terminal whose inspector runs and has read all.
  void terminal() {
    open_channel(0);
    const auto last = pty(0);
    start_worker();
    read(last);
  }
  std::vector<std::uint64_t> sent() const {
    std::vector<std::uint64_t> out;
    for (const auto& message : worker.messages) {
      for (const auto& one : message.events().events()) out.push_back(one.sequence());
    }
    return out;
  }
  void read(std::uint64_t up_to) {
    ipc::InspectorRead message;
    message.set_up_to(up_to);
    worker.owner->inspector_read(message);
  }
  void say_state(std::uint64_t as_of, std::uint32_t channel = 0) {
    event::TerminalState state;
    state.set_channel(channel);
    state.set_as_of(as_of);
    state.add_traits(event::TERMINAL_TRAIT_INSERT);
    worker.owner->inspector_state(state);
  }
  void say_screen(std::uint64_t as_of, std::uint32_t channel = 0) {
    event::Keyframe keyframe;
    keyframe.set_channel(channel);
    keyframe.set_columns(80);
    keyframe.set_rows(24);
    keyframe.set_as_of(as_of);
    worker.owner->inspector_keyframe(keyframe);
  }
  static Event parsed(const std::string& bytes) {
    Event event;
    EXPECT_TRUE(event.ParseFromString(bytes));
    return event;
  }
  Event last_recorded() const { return parsed(record.written.back()); }
  bool told_unknown() const { return !front.events.empty() && parsed(front.events.back()).terminal_state().unknown(); }

  using Numbers = std::vector<std::uint64_t>;
  HandClock clock;
  FakeRecord record;
  FakeFront front;
  LiveFeed feed;
  HeldBudget screens;
  Journal journal{record, clock, feed, screens, "alice", [] {}};
  net::Loop loop;
  FakeInspector::Seen worker;
  SessionInspector::Opened opened;
  unsigned asked = 0;
  std::string gone, fault;
  SessionInspector inspector{loop,
                             [this](SessionInspector::Opened done) {
                               ++asked;
                               opened = std::move(done);
                             },
                             [this](const std::string& reason, const std::string& what) {
                               gone = reason;
                               fault = what;
                             }};
};

TEST_F(InspectorTest, ASessionWithoutATerminalHasNone) {
  open_channel(0);
  data(Direction::down, 0, "output");
  close(Direction::down, 0);
  EXPECT_EQ(asked, 0u);
  bool done = false;
  inspector.settle([&] { done = true; });
  EXPECT_TRUE(done);
  EXPECT_TRUE(front.events.empty());
}

TEST_F(InspectorTest, StartsWithTheFirstTerminalAndReadsFromItsOpeningOn) {
  open_channel(2);
  const auto opening = open_channel(4);
  close(Direction::up, 2);
  const auto size = pty(4);
  EXPECT_EQ(asked, 1u);
  const auto output = data(Direction::down, 4, "while it starts");
  start_worker();
  EXPECT_EQ(sent(), (Numbers{opening, size, output}));
  open_channel(6);
  pty(6);
  EXPECT_EQ(asked, 1u);
}

TEST_F(InspectorTest, IsSentWhatTerminalsShowAndNothingThatIsTyped) {
  terminal();
  const auto opening = open_channel(2);
  data(Direction::up, 0, "typed");
  data(Direction::down, 2, "of no terminal");
  const auto output = data(Direction::down, 0, "shown");
  close(Direction::up, 0);
  const auto end = close(Direction::down, 0);
  worker.messages.clear();
  inspector.gathered();
  EXPECT_EQ(sent(), (Numbers{opening, output, end}));
}

TEST_F(InspectorTest, EventsGather) {
  terminal();
  worker.messages.clear();
  const auto first = data(Direction::down, 0, "a");
  const auto second = data(Direction::down, 0, "b");
  EXPECT_TRUE(worker.messages.empty());
  inspector.gathered();
  EXPECT_EQ(worker.messages.size(), 1u);
  EXPECT_EQ(sent(), (Numbers{first, second}));
  worker.messages.clear();
  data(Direction::down, 0, std::string(32 * 1024, 'x'));
  data(Direction::down, 0, std::string(32 * 1024, 'x'));
  EXPECT_FALSE(worker.messages.empty()) << "a flood does not wait";
}

TEST_F(InspectorTest, OneThatDoesNotReadMissesEventsAndIsTold) {
  terminal();
  worker.messages.clear();
  Event change;
  change.mutable_request()->mutable_window_change()->set_columns(120);
  change.mutable_request()->mutable_window_change()->set_rows(50);
  std::uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    last = data(Direction::down, 0, std::string(32 * 1024, 'x'));
    if (i == 60) pass(Direction::up, change);
  }
  std::size_t unread = 0;
  for (const auto& message : worker.messages) unread += message.ByteSizeLong();
  EXPECT_LE(unread, InspectorQueue::kMaxSentBytes + ipc::kMaxMessageBytes);
  const auto before = sent().back();
  worker.messages.clear();
  read(before);
  std::vector<ipc::InspectorGap> gaps;
  for (std::uint64_t up_to = before; up_to != last;) {
    inspector.gathered();
    const auto messages = std::exchange(worker.messages, {});
    ASSERT_FALSE(messages.empty());
    for (const auto& message : messages) {
      if (message.has_gap()) gaps.push_back(message.gap());
      up_to = message.has_gap() ? message.gap().up_to() : message.events().events().rbegin()->sequence();
      read(up_to);
    }
  }
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_GT(gaps[0].up_to(), before);
  ASSERT_EQ(gaps[0].terminals_size(), 1);
  EXPECT_EQ(gaps[0].terminals(0).columns(), 120u);
}

TEST_F(InspectorTest, ItsAnswersAreRecordedAndATerminalsStateReachesTheFront) {
  terminal();
  const auto output = data(Direction::down, 0, "x");
  inspector.gathered();
  say_state(output);
  EXPECT_EQ(last_recorded().terminal_state().as_of(), output);
  ASSERT_EQ(front.events.size(), 1u);
  EXPECT_EQ(parsed(front.events[0]).terminal_state().traits_size(), 1);
  say_screen(output);
  EXPECT_EQ(last_recorded().keyframe().as_of(), output);
  EXPECT_EQ(front.events.size(), 1u);
  EXPECT_FALSE(feed.after(0, 1000).keyframes.empty() && feed.after(0, 1000).entries.empty());
  EXPECT_EQ(worker.killed, "");
}

TEST_F(InspectorTest, WhatNoInspectorSaysEndsIt) {
  terminal();
  say_state(record.entries() + 5);
  EXPECT_NE(worker.killed.find("not sent"), std::string::npos);
  worker.killed = "";
  say_screen(1, 8);
  EXPECT_NE(worker.killed.find("no terminal"), std::string::npos);
  worker.killed = "";
  read(1000);
  EXPECT_NE(worker.killed, "");
}

TEST_F(InspectorTest, OfAClosedTerminalNothingIsRecorded) {
  terminal();
  close(Direction::down, 0);
  const auto entries = record.entries();
  say_state(1);
  say_screen(1);
  EXPECT_EQ(record.entries(), entries);
  EXPECT_EQ(worker.killed, "") << "it has not read the close yet";
}

TEST_F(InspectorTest, ARecordWithoutRoomHoldsItAndNobodyElse) {
  terminal();
  record.has_room = false;
  say_state(1);
  EXPECT_TRUE(worker.unread);
  EXPECT_TRUE(front.events.empty()) << "not recorded, not forwarded";
  record.has_room = true;
  inspector.go_on();
  EXPECT_FALSE(worker.unread);
  EXPECT_EQ(front.events.size(), 1u);
}

TEST_F(InspectorTest, OnceItIsGoneTheRecordSaysSoAndTheSessionGoesOn) {
  terminal();
  worker.owner->inspector_ended("it broke the rules");
  EXPECT_TRUE(last_recorded().has_inspector_gone());
  EXPECT_EQ(last_recorded().inspector_gone().read_up_to(), 2u);
  EXPECT_EQ(fault, "it broke the rules");
  data(Direction::down, 0, "more");
  inspector.want_keyframes();
  open_channel(2);
  pty(2);
  EXPECT_EQ(asked, 1u) << "there is no second one";
}

TEST_F(InspectorTest, OneThatCannotBeStartedIsGone) {
  pty(0);
  std::exchange(opened, nullptr)(base::fail(base::Errc::busy, "too many"));
  EXPECT_TRUE(last_recorded().has_inspector_gone());
  EXPECT_NE(gone.find("too many"), std::string::npos);
  EXPECT_EQ(fault, "");
}

TEST_F(InspectorTest, KeyframesThatAreWantedWhileItStartsAreAskedForThen) {
  pty(0);
  inspector.want_keyframes();
  start_worker();
  EXPECT_TRUE(worker.messages.back().has_keyframes_wanted());
}

class SettleTest : public InspectorTest {
 protected:
  void settle() {
    inspector.settle([this] { ++settled; });
  }
  unsigned settled = 0;
};

TEST_F(SettleTest, AtOnceWhenAllIsRead) {
  terminal();
  settle();
  EXPECT_EQ(settled, 1u);
  EXPECT_TRUE(front.events.empty());
}

TEST_F(SettleTest, OnceTheLastOutputIsRead) {
  terminal();
  const auto last = data(Direction::down, 0, "\x1b[4h");
  settle();
  EXPECT_EQ(settled, 0u);
  EXPECT_EQ(sent().back(), last) << "it does not wait for others";
  say_state(last);
  read(last);
  EXPECT_EQ(settled, 1u);
  ASSERT_EQ(front.events.size(), 1u);
  EXPECT_FALSE(told_unknown());
  inspector.stop();
  EXPECT_EQ(settled, 1u);
}

TEST_F(SettleTest, OneThatDoesNotAnswerInTimeLeavesTheSettingsUnknown) {
  terminal();
  data(Direction::down, 0, "\x1b[4h");
  settle();
  inspector.too_late();
  EXPECT_EQ(settled, 1u);
  EXPECT_TRUE(told_unknown());
  EXPECT_TRUE(last_recorded().terminal_state().unknown());
}

TEST_F(SettleTest, OneThatIsGoneLeavesThemUnknown) {
  terminal();
  worker.owner->inspector_ended("");
  settle();
  EXPECT_EQ(settled, 1u);
  EXPECT_TRUE(told_unknown());
}

TEST_F(SettleTest, OneThatGoesMeanwhileIsNotWaitedFor) {
  terminal();
  data(Direction::down, 0, "x");
  settle();
  worker.owner->inspector_ended("");
  EXPECT_EQ(settled, 1u);
  EXPECT_TRUE(told_unknown());
}

TEST_F(SettleTest, OneThatStillStartsIsWaitedFor) {
  const auto last = pty(0);
  settle();
  EXPECT_EQ(settled, 0u);
  start_worker();
  read(last);
  EXPECT_EQ(settled, 1u);
  EXPECT_FALSE(told_unknown());
}

TEST_F(SettleTest, WithoutAFrontNobodyNeedsToKnow) {
  terminal();
  data(Direction::down, 0, "x");
  inspector.front_gone();
  settle();
  EXPECT_EQ(settled, 1u);
}

}  // namespace
}  // namespace sallyport::broker
