// SPDX-License-Identifier: Apache-2.0
#include "cli/control_notice.h"

#include <gtest/gtest.h>

#include "cli/record_access.h"
#include "event/event.pb.h"

namespace sallyport::cli {
namespace {

event::Event control(const std::string& action, const std::string& text = "") {
  event::Event out;
  out.mutable_control()->set_action(action);
  out.mutable_control()->set_actor("local:carol");
  out.mutable_control()->set_text(text);
  return out;
}

TEST(Notice, SaysWhoDidWhatAndWhy) {
  EXPECT_EQ(notice_of(control("pause"))->text, "[sallyport: paused by local:carol]");
  EXPECT_EQ(notice_of(control("message", "lunch"))->text, "[sallyport: message from local:carol: lunch]");
  EXPECT_EQ(notice_of(control("reauthenticated"))->text, "[sallyport: local:carol has authenticated again]");
  EXPECT_FALSE(notice_of(control("watch"))) << "the user is not told";
  event::Event data;
  data.mutable_data();
  EXPECT_FALSE(notice_of(data));
}

TEST(Notice, BelongsToChannelsThatWereThere) {
  ChannelFacts facts;
  facts.channel = 2;
  facts.started_us = 1000;
  ChannelNotices notices(facts);
  EXPECT_FALSE(notices.see(999, control("pause")));
  EXPECT_TRUE(notices.see(1000, control("pause")));
  event::Event close;
  close.mutable_close()->set_channel(0);
  notices.see(1001, close);
  EXPECT_TRUE(notices.see(1002, control("resume")));
  close.mutable_close()->set_channel(2);
  notices.see(1003, close);
  EXPECT_FALSE(notices.see(1004, control("terminate")));
}

TEST(Notice, AHeldSessionIsSaidUntilItGoesOn) {
  NoticeLine line;
  EXPECT_EQ(line.text(1), "");
  line.show(*notice_of(control("pause")), 1);
  EXPECT_NE(line.text(1 + 100 * NoticeLine::kReadingUs), "");
  line.goes_on();
  EXPECT_EQ(line.text(2), "");
  line.show(*notice_of(control("resume")), 10);
  line.goes_on();
  EXPECT_NE(line.text(9 + NoticeLine::kReadingUs), "");
  EXPECT_EQ(line.text(10 + NoticeLine::kReadingUs), "");
}

}  // namespace
}  // namespace sallyport::cli
