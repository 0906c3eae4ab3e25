// SPDX-License-Identifier: Apache-2.0
// The loop with real descriptors and a clock that stands still.
#include "leg/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"

namespace sallyport::leg {
namespace {

using base::Fd;

struct StillClock final : base::Clock {
  base::Micros now = 1000;
  base::Micros now_us() const override { return now; }
  base::Micros monotonic_us() const override { return now; }
};

struct Pipe {
  Fd read_end;
  Fd write_end;
  Pipe() {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    read_end = Fd(ends[0]);
    write_end = Fd(ends[1]);
  }
  void put() const { ASSERT_EQ(::write(write_end.get(), "x", 1), 1); }
  void take() const {
    char c;
    ASSERT_EQ(::read(read_end.get(), &c, 1), 1);
  }
};

struct LoopTest : ::testing::Test {
  StillClock clock;
  base::SystemClock real;
  Loop loop{real};
  Pipe one;
  Pipe two;
};

TEST_F(LoopTest, CallsBackForWhatIsReady) {
  int ones = 0;
  loop.watch(one.read_end.get(), POLLIN, [&](short revents) {
    EXPECT_TRUE(revents & POLLIN);
    one.take();
    if (++ones == 3) return loop.stop(5);
    one.put();
  });
  loop.watch(two.read_end.get(), POLLIN, [](short) { FAIL(); });
  one.put();
  EXPECT_EQ(loop.run(), 5);
  EXPECT_EQ(ones, 3);
}

/// Moves by itself with each look.
struct WalkingClock final : base::Clock {
  explicit WalkingClock(base::Micros stride) : step(stride) {}
  base::Micros step;
  mutable base::Micros now = 1000;
  base::Micros now_us() const override { return now; }
  base::Micros monotonic_us() const override { return now += step; }
};

/// Whether the expectation, one short of giving up, was told of an answer.
bool was_answered(Expectation& echo) {
  return echo.worth();
}

Expectation about_to_give_up() {
  Expectation echo;
  for (unsigned i = 1; i < Expectation::kBelief; ++i) echo.came(false);
  return echo;
}

TEST_F(LoopTest, WhatComesWhileItLingersIsAnAnswer) {
  Loop own(clock);  // it stands still: however long this machine takes for a look, nobody else was at work
  Expectation echo = about_to_give_up();
  own.watch(one.read_end.get(), POLLIN, [&](short) { own.stop(0); });
  own.linger(1000, echo);
  one.put();
  EXPECT_EQ(own.run(), 0);
  EXPECT_TRUE(was_answered(echo));
}

TEST_F(LoopTest, LingeringEndsAndIsToldOnce) {
  WalkingClock walking(1);
  Loop own(walking);
  Expectation echo = about_to_give_up();
  own.watch(one.read_end.get(), POLLIN, [&](short) { own.stop(0); });
  own.linger(100, echo);
  own.after(500, [&] {  // far behind the lingering: that has ended, and the loop slept
    EXPECT_FALSE(was_answered(echo));
    one.put();
  });
  EXPECT_EQ(own.run(), 0);
  EXPECT_FALSE(echo.worth());
}

TEST_F(LoopTest, WhereOthersComputeItLingersNoLonger) {
  WalkingClock walking(5000);  // so much passed while somebody else ran
  Loop own(walking);
  Expectation echo;
  own.watch(one.read_end.get(), POLLIN, [&](short) { own.stop(0); });
  own.linger(60'000'000, echo);
  own.after(10'000, [&] { one.put(); });
  EXPECT_EQ(own.run(), 0);
  EXPECT_FALSE(echo.worth());
}

TEST_F(LoopTest, HangUpIsReportedEvenWhenNothingIsWanted) {
  loop.watch(one.read_end.get(), 0, [&](short revents) {
    EXPECT_TRUE(revents & POLLHUP);
    loop.stop(0);
  });
  one.write_end.reset();
  EXPECT_EQ(loop.run(), 0);
}

TEST_F(LoopTest, AHandlerMayUnwatchItselfAndOthersInTheSameWakeUp) {
  std::vector<std::string> calls;
  auto alive = std::make_shared<int>(1);
  Loop::WatchId a = 0;
  Loop::WatchId b = 0;
  a = loop.watch(one.read_end.get(), POLLIN, [&, alive](short) {
    calls.push_back("a");
    loop.unwatch(a);
    loop.unwatch(b);
    EXPECT_EQ(*alive, 1);  // the handler's own captures outlive the call
  });
  b = loop.watch(two.read_end.get(), POLLIN, [&](short) { calls.push_back("b"); });
  one.put();
  two.put();
  loop.after(2000, [&] { loop.stop(0); });
  loop.run();
  EXPECT_EQ(calls, std::vector<std::string>{"a"});
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(LoopTest, ANewWatchDoesNotInheritEventsOfTheOldOne) {
  Pipe quiet;
  Loop::WatchId b = 0;
  loop.watch(one.read_end.get(), POLLIN, [&](short) {
    one.take();
    loop.unwatch(b);
    loop.watch(quiet.read_end.get(), POLLIN, [](short) { FAIL() << "nothing was written there"; });
  });
  b = loop.watch(two.read_end.get(), POLLIN, [](short) { FAIL() << "unwatched before its turn"; });
  one.put();
  two.put();
  loop.after(2000, [&] { loop.stop(0); });
  loop.run();
}

TEST_F(LoopTest, ManyWatchesMayBeAddedFromAHandler) {
  std::vector<Pipe> pipes(50);
  std::size_t called = 0;
  loop.watch(one.read_end.get(), POLLIN, [&](short) {
    one.take();
    for (auto& p : pipes) {
      p.put();
      loop.watch(p.read_end.get(), POLLIN, [&](short) {
        p.take();
        if (++called == pipes.size()) loop.stop(1);
      });
    }
  });
  one.put();
  EXPECT_EQ(loop.run(), 1);
}

TEST_F(LoopTest, TimersFireInOrderOnceAndMayBeCancelled) {
  Loop still(clock);
  std::string order;
  still.after(3000, [&] { order += "3"; });
  still.after(1000, [&] { order += "1"; });
  const auto cancelled = still.after(1500, [&] { order += "x"; });
  still.after(2000, [&] {
    order += "2";
    still.after(0, [&] { order += "+"; });
  });
  still.after(5000, [&] { still.stop(0); });
  still.cancel(cancelled);
  still.before_wait([&] {
    clock.now += 500;
    return Loop::Before::poll_at_once;
  });
  still.run();
  EXPECT_EQ(order, "12+3");
}

TEST_F(LoopTest, ATimerThatSetsItselfDoesNotStarveDescriptors) {
  std::function<void()> again = [&] { loop.after(0, again); };
  again();
  loop.watch(one.read_end.get(), POLLIN, [&](short) { loop.stop(9); });
  one.put();
  EXPECT_EQ(loop.run(), 9);
}

TEST_F(LoopTest, TimersFollowTheClockThatWasPassedIn) {
  Loop still(clock);
  bool fired = false;
  still.after(1'000'000, [&] {
    fired = true;
    still.stop(0);
  });
  int rounds = 0;
  still.before_wait([&] {
    if (++rounds == 3) clock.now += 1'000'000;
    EXPECT_FALSE(rounds > 4);
    return Loop::Before::poll_at_once;
  });
  still.run();
  EXPECT_TRUE(fired);
  EXPECT_EQ(rounds, 3);
}

TEST_F(LoopTest, HooksRunBeforeEachWait) {
  int hooks = 0;
  loop.before_wait([&] {
    ++hooks;
    return hooks < 3 ? Loop::Before::poll_at_once : Loop::Before::sleep;
  });
  loop.after(1000, [&] { loop.stop(0); });
  loop.run();
  EXPECT_GE(hooks, 3);
}

TEST_F(LoopTest, TheFirstStatusStays) {
  loop.after(0, [&] {
    loop.stop(4);
    loop.stop(5);
  });
  EXPECT_EQ(loop.run(), 4);
}

}  // namespace
}  // namespace sallyport::leg
