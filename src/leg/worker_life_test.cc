// SPDX-License-Identifier: Apache-2.0
// The life of a worker, with a protocol that does nothing of its own: what may come when, and every way to end.
#include "leg/worker_life.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "event/event.pb.h"
#include "ipc/seqpacket.h"
#include "ipc/ssh_back.pb.h"

namespace sallyport::leg {
namespace {

/// A clock that moves by itself as far as the loop waits: a test of seconds takes none.
class LeapingClock final : public base::Clock {
 public:
  base::Micros monotonic_us() const override { return at_us += 1000; }
  base::Micros now_us() const override { return at_us; }
  mutable base::Micros at_us = 1'000'000;
};

class FakePeer final : public PeerPort {
 public:
  void flush() override { ++flushes; }
  bool take_room() override { return room > 0 && room-- > 0; }
  void wake() override { ++wakes; }
  void stop_reading() override { reading = false; }
  bool drained() const override { return all_written; }
  bool take_activity() override { return std::exchange(activity, false); }
  int flushes = 0, wakes = 0, room = 0;
  bool reading = true, all_written = true, activity = false;
};

class Protocol final : public WorkerLife {
 public:
  Protocol(int broker, const base::Clock& clock) : WorkerLife({broker, -1}, clock) {}
  using WorkerLife::attach;
  using WorkerLife::Awaited;
  using WorkerLife::drain;
  using WorkerLife::finish;
  using WorkerLife::finishing;
  using WorkerLife::holds_peer;
  using WorkerLife::loop;
  using WorkerLife::port;

  base::Status on_control(base::ByteView message, std::span<base::Fd>) override {
    controls.emplace_back(base::text(message));
    if (controls.back() == "nonsense") return base::fail(base::Errc::corrupt, "nonsense");
    if (controls.back() == "end") finish("told to end", Ending::clean);
    return {};
  }
  bool takes_events() const override { return live; }
  base::Status on_event(base::ByteView event) override {
    events.emplace_back(base::text(event));
    return {};
  }
  base::Status move() override {
    ++moves;
    if (move_fails) return base::fail(base::Errc::internal, "cannot move");
    return {};
  }
  void made_room() override { ++rooms; }
  Loop::Before arm() override { return on_arm ? on_arm() : Loop::Before::sleep; }
  base::Result<std::uint64_t> left_to_drain() override {
    if (drain_fails) return base::fail(base::Errc::corrupt, "a ring that cannot be");
    if (left > 0) left -= drains_by;
    return left;
  }
  void say_broken() override { said_broken = true; }
  void tell_ended(const std::string& reason, Ending how) override {
    ipc::BackToBroker message;
    message.mutable_ended()->set_reason(reason);
    message.mutable_ended()->set_clean(how == Ending::clean);
    port().send_control(message);
  }
  void give_back_buffers() override { ++given_back; }

  std::vector<std::string> controls, events;
  std::function<Loop::Before()> on_arm;
  std::uint64_t left = 0, drains_by = 1;
  int moves = 0, rooms = 0, given_back = 0;
  bool live = false, move_fails = false, drain_fails = false, said_broken = false;
};

struct WorkerLifeTest : ::testing::Test {
  LeapingClock clock;
  ipc::SocketPair pair = std::move(ipc::make_socket_pair().value());
  FakePeer peer;
  Protocol worker{pair.worker.get(), clock};

  void broker_sends(ipc::MessageKind kind, std::string_view body) {
    base::Bytes message = base::to_bytes(base::view(body));
    message.insert(message.begin(), static_cast<std::uint8_t>(kind));
    ASSERT_EQ(ipc::send(pair.broker.get(), message).value(), ipc::Transfer::done);
  }
  /// The reasons of all Ended that the broker has got.
  std::vector<std::string> ended() {
    std::vector<std::string> reasons;
    base::Bytes buffer(ipc::kMaxMessageBytes);
    for (auto r = ipc::receive(pair.broker.get(), buffer); r && r->transfer == ipc::Transfer::done;
         r = ipc::receive(pair.broker.get(), buffer)) {
      ipc::BackToBroker message;
      if (buffer[0] != static_cast<std::uint8_t>(ipc::MessageKind::control)) continue;
      EXPECT_TRUE(message.ParseFromArray(buffer.data() + 1, static_cast<int>(r->bytes) - 1));
      if (message.has_ended()) reasons.push_back((message.ended().clean() ? "+" : "-") + message.ended().reason());
    }
    return reasons;
  }
};

using Reasons = std::vector<std::string>;

TEST_F(WorkerLifeTest, TellsItsEndOnceAndTakesNothingAfterIt) {
  worker.attach(peer);
  broker_sends(ipc::MessageKind::control, "hello");
  broker_sends(ipc::MessageKind::control, "end");
  broker_sends(ipc::MessageKind::control, "nonsense");
  EXPECT_EQ(worker.run(), 0);
  EXPECT_EQ(worker.controls, (std::vector<std::string>{"hello", "end"}));
  EXPECT_EQ(ended(), Reasons{"+told to end"});
  EXPECT_FALSE(peer.reading);
  EXPECT_FALSE(worker.said_broken);
}

TEST_F(WorkerLifeTest, EndsWithoutAPeerToo) {
  broker_sends(ipc::MessageKind::control, "end");
  EXPECT_EQ(worker.run(), 0);
  EXPECT_EQ(ended(), Reasons{"+told to end"});
}

TEST_F(WorkerLifeTest, AMessageThatMakesNoSenseEndsItWithWordsForThePeer) {
  worker.attach(peer);
  broker_sends(ipc::MessageKind::control, "nonsense");
  EXPECT_EQ(worker.run(), 0);
  EXPECT_TRUE(worker.said_broken);
  EXPECT_EQ(ended(), Reasons{"-nonsense"});
}

TEST_F(WorkerLifeTest, AnEventOutOfPhaseEndsIt) {
  worker.attach(peer);
  broker_sends(ipc::MessageKind::event, "early");
  EXPECT_EQ(worker.run(), 0);
  EXPECT_TRUE(worker.events.empty());
  EXPECT_EQ(ended(), Reasons{"-a message out of phase"});
}

TEST_F(WorkerLifeTest, AnUnknownKindOfMessageEndsIt) {
  worker.attach(peer);
  worker.live = true;
  broker_sends(static_cast<ipc::MessageKind>(77), "what");
  EXPECT_EQ(worker.run(), 0);
  EXPECT_EQ(ended(), Reasons{"-a message out of phase"});
}

TEST_F(WorkerLifeTest, TakesEventsWhileLiveAndMovesAsLongAsThePeerTakesIt) {
  worker.attach(peer);
  worker.live = true;
  peer.room = 2;
  broker_sends(ipc::MessageKind::event, "one");
  broker_sends(ipc::MessageKind::control, "end");
  EXPECT_EQ(worker.run(), 0);
  EXPECT_EQ(worker.events, std::vector<std::string>{"one"});
  EXPECT_EQ(worker.rooms, 2);
  EXPECT_GE(worker.moves, 3);
}

TEST_F(WorkerLifeTest, APeerThatAlwaysTakesMoreDoesNotKeepTheBrokerWaiting) {
  worker.attach(peer);
  peer.room = 1'000'000;
  broker_sends(ipc::MessageKind::control, "end");
  EXPECT_EQ(worker.run(), 0);
  EXPECT_EQ(ended(), Reasons{"+told to end"});
  EXPECT_LT(worker.rooms, 100);
}

TEST_F(WorkerLifeTest, AMoveThatFailsEndsIt) {
  worker.attach(peer);
  worker.move_fails = true;
  EXPECT_EQ(worker.run(), 0);
  EXPECT_TRUE(worker.said_broken);
  EXPECT_EQ(ended(), Reasons{"-cannot move"});
}

TEST_F(WorkerLifeTest, APeerThatTakesNothingKeepsItHalfASecond) {
  worker.attach(peer);
  peer.all_written = false;
  const auto began = clock.at_us;
  broker_sends(ipc::MessageKind::control, "end");
  worker.on_arm = [this] {
    clock.at_us += 10'000;
    return Loop::Before::poll_at_once;
  };
  EXPECT_EQ(worker.run(), 0);
  EXPECT_EQ(ended(), Reasons{"+told to end"});
  EXPECT_GE(clock.at_us - began, 500'000);
  EXPECT_LT(clock.at_us - began, 2'000'000);
}

TEST_F(WorkerLifeTest, WhatIsLeftIsDrainedAndEventsHaveNobodyToGoTo) {
  worker.attach(peer);
  worker.live = true;
  worker.left = 5;
  worker.on_arm = [] { return Loop::Before::poll_at_once; };
  worker.drain("target closed", Ending::clean);
  broker_sends(ipc::MessageKind::event, "too late");
  EXPECT_EQ(worker.run(), 0);
  EXPECT_TRUE(worker.events.empty());
  EXPECT_EQ(worker.left, 0u);
  EXPECT_EQ(worker.moves, 0);
  EXPECT_EQ(ended(), Reasons{"+target closed"});
}

TEST_F(WorkerLifeTest, ADrainThatGetsNowhereIsGivenUp) {
  worker.attach(peer);
  worker.left = 5;
  worker.drains_by = 0;
  worker.on_arm = [this] {
    clock.at_us += 100'000;
    return Loop::Before::poll_at_once;
  };
  const auto began = clock.at_us;
  worker.drain("target closed", Ending::clean);
  EXPECT_EQ(worker.run(), 0);
  EXPECT_GE(clock.at_us - began, 10'000'000);
  EXPECT_LT(clock.at_us - began, 15'000'000);
  EXPECT_EQ(ended(), Reasons{"+target closed"});
}

TEST_F(WorkerLifeTest, ADrainThatFailsIsNoCleanEnd) {
  worker.attach(peer);
  worker.drain_fails = true;
  worker.drain("target closed", Ending::clean);
  EXPECT_EQ(worker.run(), 0);
  EXPECT_EQ(ended(), Reasons{"-a ring that cannot be"});
}

TEST_F(WorkerLifeTest, HoldsThePeerByWhatIsKeptAndLongerForAnAnswer) {
  EXPECT_FALSE(worker.holds_peer(Protocol::Awaited::no));
  worker.port().hold_events(true);
  for (int i = 0; i < 90; ++i) worker.port().send_data(0, StreamId::main, base::Bytes(48 * 1024));
  EXPECT_TRUE(worker.holds_peer(Protocol::Awaited::no));
  EXPECT_FALSE(worker.holds_peer(Protocol::Awaited::yes));
  for (int i = 0; i < 700; ++i) worker.port().send_data(0, StreamId::main, base::Bytes(48 * 1024));
  EXPECT_TRUE(worker.holds_peer(Protocol::Awaited::yes));
}

TEST_F(WorkerLifeTest, GivesItsBuffersBackOnceIdle) {
  worker.attach(peer);
  peer.activity = true;
  worker.on_arm = [this] {
    clock.at_us += 100'000;
    if (worker.given_back > 0 && !worker.finishing()) worker.finish("seen", Ending::clean);
    return Loop::Before::poll_at_once;
  };
  const auto began = clock.at_us;
  EXPECT_EQ(worker.run(), 0);
  EXPECT_EQ(worker.given_back, 1);
  EXPECT_GE(clock.at_us - began, 1'000'000);
}

TEST_F(WorkerLifeTest, EndsWithItsBroker) {
  worker.attach(peer);
  pair.broker.reset();
  EXPECT_EQ(worker.run(), kExitBrokerGone);
}

}  // namespace
}  // namespace sallyport::leg
