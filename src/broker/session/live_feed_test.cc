// SPDX-License-Identifier: Apache-2.0
#include "broker/session/live_feed.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

std::string joined(const LiveFeed::Batch& batch) {
  std::string out;
  for (const FeedEntry& entry : batch.entries) out += base::to_text(*entry.event) + ";";
  return out;
}

TEST(LiveFeed, ANewWatcherGetsTheKeyframeAndWhatCameAfter) {
  LiveFeed feed;
  feed.add(1, false, base::view("old"));
  feed.add_keyframe(2, 0, LiveFeed::Part::last, base::view("frame"));
  feed.add(3, false, base::view("new"));
  EXPECT_EQ(joined(feed.after(0, 1 << 20)), "frame;new;");
  EXPECT_FALSE(feed.after(0, 1 << 20).gap);
}

TEST(LiveFeed, AKeyframeInPartsCountsWhenItIsWhole) {
  LiveFeed feed;
  feed.add(1, false, base::view("old"));
  feed.add_keyframe(2, 0, LiveFeed::Part::more_follow, base::view("a"));
  EXPECT_EQ(joined(feed.after(0, 1 << 20)), "old;a;");
  feed.add_keyframe(3, 0, LiveFeed::Part::last, base::view("b"));
  EXPECT_EQ(joined(feed.after(0, 1 << 20)), "a;b;");
}

TEST(LiveFeed, TwoTerminalsKeepEachOthersOutput) {
  LiveFeed feed;
  feed.add_keyframe(1, 0, LiveFeed::Part::last, base::view("f0"));
  feed.add(2, false, base::view("x"));
  feed.add_keyframe(3, 2, LiveFeed::Part::last, base::view("f2"));
  EXPECT_EQ(joined(feed.after(0, 1 << 20)), "f0;x;f2;");
}

TEST(LiveFeed, IsBoundedAndSaysWhatIsMissing) {
  LiveFeed feed;
  feed.add_keyframe(1, 0, LiveFeed::Part::last, base::view("frame"));
  const base::Bytes big(64 * 1024, 'x');
  for (int i = 0; i < 100; ++i) feed.add(2, false, big);
  const auto batch = feed.after(0, 1 << 30);
  EXPECT_TRUE(batch.gap);
  EXPECT_EQ(base::to_text(*batch.entries.front().event), "frame");
  EXPECT_LE(batch.entries.size(), 2 + LiveFeed::kCapacityBytes / big.size());
  EXPECT_TRUE(feed.after(3, 1 << 30).gap);
}

TEST(LiveFeed, AsksForAKeyframeOncePerDue) {
  LiveFeed feed;
  EXPECT_FALSE(feed.take_keyframe_due());
  feed.add(1, false, base::Bytes(LiveFeed::kKeyframeDueBytes, 'x'));
  EXPECT_TRUE(feed.take_keyframe_due());
  EXPECT_FALSE(feed.take_keyframe_due());
  feed.add_keyframe(2, 0, LiveFeed::Part::last, base::view("frame"));
  feed.add(3, false, base::Bytes(LiveFeed::kKeyframeDueBytes, 'x'));
  EXPECT_TRUE(feed.take_keyframe_due());
}

TEST(LiveFeed, KeyframesGiveWayWhereThereIsNoRoom) {
  LiveFeed feed;
  feed.add_keyframe(1, 0, LiveFeed::Part::last, base::view("f0"));
  feed.add_keyframe(2, 2, LiveFeed::Part::more_follow, base::view("half of f2"));
  EXPECT_GT(feed.keyframe_bytes(), 0u);
  feed.drop_keyframes();
  EXPECT_EQ(feed.keyframe_bytes(), 0u);
  feed.add_keyframe(3, 2, LiveFeed::Part::last, base::view("the rest"));
  EXPECT_EQ(feed.keyframe_bytes(), 0u) << "half a screen is none";
  feed.add_keyframe(4, 2, LiveFeed::Part::last, base::view("f2"));
  EXPECT_GT(feed.keyframe_bytes(), 0u);
}

TEST(LiveFeed, WakesSubscribersUntilTheyLeave) {
  LiveFeed feed;
  int woken = 0;
  const auto token = feed.subscribe([&] { ++woken; });
  feed.add(1, false, base::view("x"));
  feed.close();
  feed.unsubscribe(token);
  feed.add(1, false, base::view("x"));
  EXPECT_EQ(woken, 2);
  EXPECT_TRUE(feed.after(0, 1 << 20).closed);
}

}  // namespace
}  // namespace sallyport::broker
