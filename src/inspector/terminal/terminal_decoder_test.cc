// SPDX-License-Identifier: Apache-2.0
// Terminals from events: what is told of them, as of what, and after a gap.
#include "inspector/terminal/terminal_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sallyport::inspector::terminal {
namespace {

using event::Event;

class Ear final : public Teller {
 public:
  bool congested() const override { return keyframes.size() + states.size() >= room; }
  void tell(const event::Keyframe& keyframe) override { keyframes.push_back(keyframe); }
  void tell(const event::TerminalState& state) override { states.push_back(state); }

  std::size_t room = 1'000'000;
  std::vector<event::Keyframe> keyframes;
  std::vector<event::TerminalState> states;
};

class DecoderTest : public ::testing::Test {
 protected:
  void open(std::uint32_t channel, std::uint32_t columns, std::uint32_t rows) {
    Event event;
    event.mutable_request()->set_channel(channel);
    event.mutable_request()->mutable_pty()->set_columns(columns);
    event.mutable_request()->mutable_pty()->set_rows(rows);
    decoder.see(event);
  }
  void output(std::uint32_t channel, const std::string& bytes) {
    Event event;
    event.mutable_data()->set_channel(channel);
    event.mutable_data()->set_bytes(bytes);
    decoder.see(event);
  }
  void close(std::uint32_t channel) {
    Event event;
    event.mutable_close()->set_channel(channel);
    decoder.see(event);
  }
  bool tell(std::uint64_t as_of) {
    const bool changes = decoder.tell_changes(ear, as_of);
    return decoder.tell_rest(ear, as_of) && changes;
  }
  static std::vector<std::string> drawn(const event::Keyframe& keyframe) {
    codec::terminal::Terminal screen(codec::terminal::announced_size(keyframe.columns(), keyframe.rows()));
    screen.feed(base::view(keyframe.ansi()));
    return screen.rendered_text();
  }

  TerminalDecoder decoder;
  Ear ear;
};

TEST_F(DecoderTest, AScreenIsToldWhenItIsWanted) {
  open(0, 40, 10);
  output(0, "\x1b[3;5Hhere");
  EXPECT_TRUE(tell(7));
  EXPECT_TRUE(ear.keyframes.empty());
  decoder.keyframes_wanted();
  EXPECT_TRUE(tell(7));
  ASSERT_EQ(ear.keyframes.size(), 1u);
  EXPECT_EQ(ear.keyframes[0].columns(), 40u);
  EXPECT_EQ(ear.keyframes[0].as_of(), 7u);
  EXPECT_FALSE(ear.keyframes[0].follows_gap());
  EXPECT_EQ(drawn(ear.keyframes[0])[2], "    here");
}

TEST_F(DecoderTest, AScreenIsToldEverySoManyBytes) {
  open(0, 80, 24);
  output(0, std::string(TerminalModel::kKeyframeEveryBytes - 1, 'x'));
  EXPECT_TRUE(tell(1));
  EXPECT_TRUE(ear.keyframes.empty());
  output(0, "x");
  EXPECT_TRUE(tell(2));
  EXPECT_EQ(ear.keyframes.size(), 1u);
}

TEST_F(DecoderTest, WhatIsSetIsToldOnceItChanged) {
  open(0, 80, 24);
  output(0, "\x1b[?1049h\x1b[?25l");
  EXPECT_TRUE(tell(3));
  EXPECT_TRUE(tell(4));
  ASSERT_EQ(ear.states.size(), 1u);
  EXPECT_EQ(ear.states[0].traits_size(), 2);
  EXPECT_EQ(ear.states[0].as_of(), 3u);
  output(0, "\x1b[?25h\x1b[?25l");
  EXPECT_TRUE(tell(5));
  EXPECT_EQ(ear.states.size(), 1u) << "what is set and taken back in one go";
  output(0, "\x1b[?1049l\x1b[?25h");
  EXPECT_TRUE(tell(6));
  ASSERT_EQ(ear.states.size(), 2u);
  EXPECT_EQ(ear.states[1].traits_size(), 0);
}

TEST_F(DecoderTest, OutputOfNoTerminalIsNoScreen) {
  output(0, "\x1b[?1049h");
  close(0);
  decoder.keyframes_wanted();
  EXPECT_TRUE(tell(1));
  EXPECT_TRUE(ear.keyframes.empty() && ear.states.empty());
}

// Every cell in colours of its own. Output that comes meanwhile is not in it.
TEST_F(DecoderTest, ALargeScreenIsToldInPartsAsOfOneEvent) {
  open(0, 1000, 200);
  std::string screen;
  for (int cell = 0; cell < 1000 * 200; ++cell) {
    const std::string color = std::to_string(100 + cell % 100) + ";" + std::to_string(100 + cell / 2000) + ";200";
    screen += "\x1b[38;2;" + color + ";48;2;" + color + "mx";
  }
  output(0, screen);
  ear.room = 5;
  EXPECT_FALSE(tell(10));
  for (std::uint64_t as_of = 11; ear.room < 1'000; ++as_of) {
    output(0, "more");
    ear.room += 5;
    if (tell(as_of)) break;
  }
  ASSERT_GT(ear.keyframes.size(), 10u);
  std::size_t bytes = 0;
  for (const auto& part : ear.keyframes) {
    EXPECT_EQ(part.as_of(), 10u);
    EXPECT_EQ(part.more(), &part != &ear.keyframes.back());
    EXPECT_LE(part.ansi().size(), TerminalModel::kMaxKeyframePart);
    bytes += part.ansi().size();
  }
  EXPECT_GT(bytes, std::size_t{4} << 20);
}

TEST_F(DecoderTest, AfterAGapNobodyKnowsWhatIsSet) {
  open(0, 80, 24);
  open(2, 80, 24);
  output(0, "before\x1b[?25l\x1b[3");  // the gap cuts a sequence
  EXPECT_TRUE(tell(5));
  ASSERT_EQ(ear.states.size(), 1u);
  ipc::InspectorGap gap;
  gap.set_up_to(20);
  gap.add_terminals()->set_channel(0);
  gap.mutable_terminals(0)->set_columns(90);
  gap.mutable_terminals(0)->set_rows(30);
  decoder.gap(gap);
  output(0, "after");
  decoder.keyframes_wanted();
  EXPECT_TRUE(tell(21));
  ASSERT_EQ(ear.states.size(), 2u) << "channel 2 has ended in the gap";
  EXPECT_TRUE(ear.states[1].unknown());
  EXPECT_EQ(ear.states[1].as_of(), 21u);
  ASSERT_EQ(ear.keyframes.size(), 1u);
  EXPECT_TRUE(ear.keyframes[0].follows_gap());
  EXPECT_EQ(ear.keyframes[0].columns(), 90u);
  EXPECT_EQ(drawn(ear.keyframes[0])[0], "beforeafter");
  output(0, "\x1b[?25h");
  decoder.keyframes_wanted();
  EXPECT_TRUE(tell(22));
  EXPECT_EQ(ear.states.size(), 2u) << "it stays unknown";
  EXPECT_FALSE(ear.keyframes[1].follows_gap());
  open(4, 80, 24);
  output(4, "\x1b[?25l");
  EXPECT_TRUE(tell(23));
  ASSERT_EQ(ear.states.size(), 3u);
  EXPECT_FALSE(ear.states[2].unknown()) << "a terminal of after the gap";
}

TEST_F(DecoderTest, WithoutRoomForAModelATerminalIsUnknown) {
  for (std::uint32_t channel = 0; channel < 20; channel += 2) open(channel, 1000, 500);
  EXPECT_TRUE(tell(1));
  ASSERT_EQ(ear.states.size(), 2u);
  EXPECT_TRUE(ear.states[0].unknown());
  EXPECT_EQ(ear.states[0].channel(), 16u);
  close(0);
  open(20, 1000, 500);
  EXPECT_TRUE(tell(2));
  EXPECT_EQ(ear.states.size(), 2u) << "a closed one gives its room back";
}

TEST_F(DecoderTest, ABrokerThatDoesNotKeepUpIsToldTheRestLater) {
  open(0, 80, 24);
  open(2, 80, 24);
  output(0, "\x1b[?25l");
  output(2, "\x1b[?25l");
  ear.room = 1;
  EXPECT_FALSE(tell(1));
  EXPECT_EQ(ear.states.size(), 1u);
  ear.room = 2;
  EXPECT_TRUE(decoder.tell_changes(ear, 1));
  EXPECT_EQ(ear.states.size(), 2u);
}

}  // namespace
}  // namespace sallyport::inspector::terminal
