// SPDX-License-Identifier: Apache-2.0
// What no inspector says.
#include "broker/session/derived_events.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "event/event.pb.h"

namespace sallyport::broker {
namespace {

event::Keyframe screen(std::uint64_t as_of, std::uint32_t channel = 0) {
  event::Keyframe out;
  out.set_channel(channel);
  out.set_columns(80);
  out.set_rows(24);
  out.set_as_of(as_of);
  out.set_ansi("screen");
  return out;
}

event::TerminalState state(std::uint64_t as_of) {
  event::TerminalState out;
  out.set_as_of(as_of);
  out.add_traits(event::TERMINAL_TRAIT_INSERT);
  return out;
}

TEST(DerivedEvents, AreAsOfWhatWasSentAndNeverGoBack) {
  DerivedEvents rules;
  EXPECT_TRUE(rules.check(screen(5), 9));
  EXPECT_TRUE(rules.check(screen(5), 9));
  EXPECT_FALSE(rules.check(screen(10), 9));
  EXPECT_FALSE(rules.check(screen(4), 9));
  EXPECT_TRUE(rules.check(screen(4, 2), 9)) << "another terminal";
  EXPECT_TRUE(rules.check(state(5), 9));
  EXPECT_FALSE(rules.check(state(10), 9));
  EXPECT_FALSE(rules.check(state(4), 9));
}

TEST(DerivedEvents, AScreenHasASizeThatATerminalCanHave) {
  using Sizes = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  for (const auto& [columns, rows] : Sizes{{0, 24}, {80, 0}, {1001, 24}, {80, 501}}) {
    DerivedEvents rules;
    event::Keyframe one = screen(1);
    one.set_columns(columns);
    one.set_rows(rows);
    EXPECT_FALSE(rules.check(one, 1)) << columns << "x" << rows;
  }
  event::Keyframe largest = screen(1);
  largest.set_columns(1000);
  largest.set_rows(500);
  EXPECT_TRUE(DerivedEvents().check(largest, 1));
}

TEST(DerivedEvents, PartsOfAScreenBelongTogether) {
  event::Keyframe part = screen(5);
  part.set_more(true);
  for (int what = 0; what < 3; ++what) {
    DerivedEvents rules;
    EXPECT_TRUE(rules.check(part, 9));
    EXPECT_TRUE(rules.check(screen(9, 2), 9)) << "another terminal's";
    event::Keyframe other = screen(what == 0 ? 6 : 5);
    if (what == 1) other.set_columns(81);
    EXPECT_EQ(rules.check(other, 9).has_value(), what == 2);
  }
}

TEST(DerivedEvents, AFloodIsNoAnswerToWhatWasRead) {
  DerivedEvents rules;
  event::Keyframe part = screen(1);
  part.set_ansi(std::string(48 * 1024, 'x'));
  std::size_t taken = 0;
  while (taken < 10'000 && rules.check(part, 1)) ++taken;
  EXPECT_GE(taken * part.ansi().size(), DerivedEvents::kMaxScreenBytes - (1 << 20)) << "the largest screen fits";
  EXPECT_LT(taken, 10'000u);
  rules.sent(100);
  EXPECT_TRUE(rules.check(state(1), 1)) << "what it reads gives it something to say";
  rules.asked(1);
  EXPECT_TRUE(rules.check(part, 1));
  std::size_t states = 0;
  DerivedEvents quiet;
  while (states < 1'000'000 && quiet.check(state(1), 1)) ++states;
  EXPECT_LT(states, 1'000'000u) << "short ones count, too";
}

TEST(DerivedEvents, AScreenThatNeverEndsIsNone) {
  DerivedEvents rules;
  event::Keyframe part = screen(1);
  part.set_ansi(std::string(48 * 1024, 'x'));
  part.set_more(true);
  std::size_t taken = 0;
  for (; taken < 10'000; ++taken) {
    rules.asked(1);
    if (!rules.check(part, 1)) break;
  }
  EXPECT_LE(taken * part.ansi().size(), DerivedEvents::kMaxScreenBytes);
}

TEST(DerivedEvents, NoTerminalHasSoManyTraits) {
  DerivedEvents rules;
  event::TerminalState one = state(1);
  for (int i = 0; i < 40; ++i) one.add_traits(event::TERMINAL_TRAIT_INSERT);
  EXPECT_FALSE(rules.check(one, 1));
}

}  // namespace
}  // namespace sallyport::broker
