// SPDX-License-Identifier: Apache-2.0
// A policy's limits on a session's time, with a clock that the test holds.
#include "broker/session/session_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "broker/session/session_fakes_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr base::Micros kSecond = 1'000'000;

class LimitsTest : public ::testing::Test, public SessionLimits::Owner {
 protected:
  LimitsTest() { terminal.pty = true; }
  void begin(std::int64_t idle, std::int64_t input_idle, std::int64_t duration) {
    limits.start({idle, input_idle, duration});
  }
  void at(std::int64_t seconds) {
    clock.now = (1 + seconds) * kSecond;
    limits.look();
  }
  bool is_held() override { return held; }
  bool has_terminal() override { return has_one; }
  bool warn(const std::string& text) override {
    warnings.push_back(text);
    return true;
  }
  void time_is_up(const std::string& reason, const std::string&) override { ends.push_back(reason); }

  bool held = false, has_one = true;
  std::vector<std::string> warnings, ends;
  Channel terminal;
  HandClock clock;
  net::Loop loop;
  SessionLimits limits{*this, loop, clock};
};

TEST_F(LimitsTest, WarnsBeforeItCuts) {
  begin(0, 0, 400);
  at(339);
  EXPECT_THAT(warnings, IsEmpty());
  at(341);
  at(342);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("nearly over")));
  EXPECT_THAT(ends, IsEmpty());
  at(400);
  EXPECT_THAT(ends, ElementsAre("time limit reached"));
}

TEST_F(LimitsTest, WhatMovesInEitherDirectionIsNotIdle) {
  begin(100, 0, 0);
  at(90);
  limits.data_moved(Direction::down, nullptr);
  at(110);
  EXPECT_THAT(ends, IsEmpty());
  at(190);
  EXPECT_THAT(ends, ElementsAre("idle"));
}

TEST_F(LimitsTest, OnlyTypingIsInput) {
  begin(0, 100, 0);
  at(50);
  limits.data_moved(Direction::down, &terminal);
  limits.data_moved(Direction::up, nullptr);
  at(100);
  EXPECT_THAT(ends, ElementsAre("input idle"));
}

TEST_F(LimitsTest, TypingRestartsTheInputLimit) {
  begin(0, 100, 0);
  at(50);
  limits.data_moved(Direction::up, &terminal);
  at(140);
  EXPECT_THAT(ends, IsEmpty());
}

TEST_F(LimitsTest, AHeldSessionIsExcusedButNotFromItsWholeLength) {
  begin(100, 100, 300);
  held = true;
  at(150);
  at(250);
  EXPECT_THAT(ends, IsEmpty());
  at(300);
  EXPECT_THAT(ends, ElementsAre("time limit reached"));
}

TEST_F(LimitsTest, AShorterLimitHoldsForALiveSessionAndWarns) {
  begin(0, 0, 0);
  at(500);
  EXPECT_THAT(warnings, IsEmpty());
  limits.shorten({0, 0, 520});
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("nearly over")));
  at(559);
  EXPECT_THAT(ends, IsEmpty()) << "the warning has its length";
  at(560);
  EXPECT_THAT(ends, ElementsAre("time limit reached"));
}

TEST_F(LimitsTest, AnIdleLimitThatComesLaterCountsWhatIsIdleAlready) {
  begin(0, 0, 0);
  at(50);
  limits.data_moved(Direction::down, nullptr);
  at(90);
  limits.shorten({100, 0, 0});
  limits.shorten({200, 0, 0});
  at(149);
  EXPECT_THAT(ends, IsEmpty());
  at(150);
  EXPECT_THAT(ends, ElementsAre("idle"));
}

TEST_F(LimitsTest, NobodyTypesWithoutATerminal) {
  begin(0, 100, 0);
  has_one = false;
  at(150);
  EXPECT_THAT(ends, IsEmpty());
}

}  // namespace
}  // namespace sallyport::broker
