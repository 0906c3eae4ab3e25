// SPDX-License-Identifier: Apache-2.0
#include "broker/session/coverage.h"

#include <gtest/gtest.h>

#include "broker/session/session_fakes_test.h"
#include "event/event.pb.h"
#include "recording/types.h"

namespace sallyport::broker {
namespace {

class CoverageTest : public ::testing::Test {
 protected:
  Channel& open(const std::string& type, bool refused) {
    Channel* channel = *book.open(2 * next++, Direction::up, type);
    channel->refused = channel->answered = refused;
    return *channel;
  }
  event::SessionEnd describe(std::size_t max_bytes = recording::kMaxManifestBytes) {
    event::SessionEnd end;
    end.set_reason("exit");
    describe_coverage(book, rules, true, max_bytes, end);
    EXPECT_LE(end.ByteSizeLong(), max_bytes);
    return end;
  }
  ChannelBook book;
  FakeRules rules;
  std::uint32_t next = 0;
};

TEST_F(CoverageTest, RefusedChannelsAreCountedByTypesThatAreKnown) {
  open("session", false).up.as_events = 7;
  for (int i = 0; i < 5000; ++i) open(std::to_string(i) + std::string(250, 'x'), true);
  for (int i = 0; i < 3; ++i) open("x11", true);
  const event::SessionEnd end = describe();
  ASSERT_EQ(end.coverage_size(), 3);
  EXPECT_FALSE(end.shortened());
  EXPECT_EQ(end.coverage(0).type(), "other");
  EXPECT_EQ(end.coverage(0).coverage(), "refused");
  EXPECT_EQ(end.coverage(0).channels(), 5000U);
  EXPECT_EQ(end.coverage(1).type(), "x11");
  EXPECT_EQ(end.coverage(1).channels(), 3U);
  EXPECT_EQ(end.coverage(2).type(), "session");
  EXPECT_EQ(end.coverage(2).up_bytes(), 7U);
  EXPECT_EQ(end.coverage(2).channels(), 0U) << "a line of its own";
}

TEST_F(CoverageTest, WhatHasNoRoomIsAddedUpAndSaid) {
  for (std::size_t i = 0; i < ChannelBook::kMaxEver; ++i) {
    Channel& channel = open("session", false);
    channel.purpose = "subsystem " + std::string(300, static_cast<char>(0xfe));
    channel.up = {1, true, true, 2, base::Bytes(32), std::nullopt};
    channel.down = channel.down_stderr = channel.up;
  }
  for (const std::size_t room : {recording::kMaxManifestBytes, std::size_t{64} * 1024}) {
    const event::SessionEnd end = describe(room);
    EXPECT_TRUE(end.shortened());
    EXPECT_GT(end.ByteSizeLong(), room * 9 / 10);
    std::uint64_t channels = 0, bytes = 0;
    for (const event::ChannelCoverage& line : end.coverage()) {
      channels += std::max<std::uint64_t>(line.channels(), 1);
      bytes += line.up_bytes() + line.stderr_bytes();
    }
    EXPECT_EQ(channels, ChannelBook::kMaxEver);
    EXPECT_EQ(bytes, 6 * ChannelBook::kMaxEver);
    EXPECT_EQ(end.coverage(end.coverage_size() - 1).coverage(), "counted-and-hashed");
  }
}

}  // namespace
}  // namespace sallyport::broker
