// SPDX-License-Identifier: Apache-2.0
// A terminal's size by what was asked for: the same for everything that draws a recording or a live session.
#include "cli/record_access.h"

#include <gtest/gtest.h>

#include "event/event.pb.h"

namespace sallyport::cli {
namespace {

using codec::terminal::Size;

event::Event open(std::uint32_t channel) {
  event::Event out;
  out.mutable_channel_open()->set_channel(channel);
  out.mutable_channel_open()->set_type("session");
  return out;
}
event::Event pty(std::uint32_t channel, std::uint32_t columns, std::uint32_t rows) {
  event::Event out;
  out.mutable_request()->set_channel(channel);
  out.mutable_request()->mutable_pty()->set_columns(columns);
  out.mutable_request()->mutable_pty()->set_rows(rows);
  return out;
}
event::Event change(std::uint32_t channel, std::uint32_t columns, std::uint32_t rows) {
  event::Event out;
  out.mutable_request()->set_channel(channel);
  out.mutable_request()->mutable_window_change()->set_columns(columns);
  out.mutable_request()->mutable_window_change()->set_rows(rows);
  return out;
}

TEST(ChannelTracker, ATerminalOfNoSizeHasTheUsualOne) {
  ChannelTracker tracker;
  tracker.see(1, open(0));
  tracker.see(2, pty(0, 0, 0));
  EXPECT_EQ(tracker.channels().at(0).size, (Size{24, 80}));
  tracker.see(3, open(2));
  tracker.see(4, pty(2, 5000, 30));
  EXPECT_EQ(tracker.channels().at(2).size, (Size{30, 1000}));
  tracker.see(5, pty(2, 10, 10));
  EXPECT_EQ(tracker.channels().at(2).size, (Size{30, 1000})) << "its model is made once";
}

TEST(ResizeOf, SaysWhatThisChannelsWindowBecomes) {
  EXPECT_EQ(resize_of(change(2, 100, 40), 2), (Size{40, 100}));
  EXPECT_EQ(resize_of(change(2, 100, 40), 0), std::nullopt);
  EXPECT_EQ(resize_of(change(2, 0, 0), 2), std::nullopt);
  EXPECT_EQ(resize_of(change(2, 0, 40), 2), std::nullopt);
  EXPECT_EQ(resize_of(pty(2, 100, 40), 2), std::nullopt);
}

}  // namespace
}  // namespace sallyport::cli
