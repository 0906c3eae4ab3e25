// SPDX-License-Identifier: Apache-2.0
// What a watcher gets: keyframes, what came since the events that they draw, and word of what is missing.
#include "broker/session/live_feed.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

using Part = LiveFeed::Part;

// K and G: keyframes follow, and a gap.
std::string joined(const LiveFeed::Batch& batch) {
  std::string out = batch.lost ? "lost;" : "";
  for (const FeedEntry& entry : batch.keyframes) out += "K" + base::to_text(*entry.event) + ";";
  if (batch.gap) out += "G;";
  for (const FeedEntry& entry : batch.entries) out += base::to_text(*entry.event) + ";";
  return out;
}

class Feed : public ::testing::Test {
 protected:
  void add(std::string_view event) { feed.add({++sequence, 1}, false, base::view(event)); }
  void add(const base::Bytes& event) { feed.add({++sequence, 1}, false, event); }
  void keyframe(std::uint32_t channel, std::uint64_t as_of, std::string_view event, Part part = Part::last) {
    feed.add_keyframe({++sequence, 1}, {channel, as_of}, part, base::view(event));
  }
  LiveFeed feed;
  std::uint64_t sequence = 0;
};

TEST_F(Feed, ANewWatcherGetsTheKeyframeAndWhatCameAfter) {
  add("old");
  keyframe(0, 1, "frame");
  add("new");
  EXPECT_EQ(joined(feed.after(0, 1 << 20)), "Kframe;new;");
}

TEST_F(Feed, AKeyframeThatComesLateKeepsWhatItDoesNotDraw) {
  add("a");
  add("b");
  add("c");
  keyframe(0, 2, "ab");
  add("d");
  const auto batch = feed.after(0, 1 << 20);
  EXPECT_EQ(joined(batch), "Kab;c;d;");
  EXPECT_EQ(batch.entries[0].at.sequence, 3u);
  EXPECT_EQ(joined(feed.after(batch.up_to, 1 << 20)), "");
  add("e");
  EXPECT_EQ(joined(feed.after(batch.up_to, 1 << 20)), "e;");
}

TEST_F(Feed, WhoFollowsGetsEachKeyframeInItsPlace) {
  add("a");
  const auto batch = feed.after(0, 1 << 20);
  EXPECT_EQ(joined(batch), "a;");
  add("b");
  keyframe(0, 1, "frame");
  add("c");
  EXPECT_EQ(joined(feed.after(batch.up_to, 1 << 20)), "b;frame;c;");
}

TEST_F(Feed, ABatchEndsWhereTheNextOneBegins) {
  keyframe(0, 0, "frame");
  for (const char* event : {"aaaa", "bbbb", "cccc", "dddd"}) add(event);
  std::string all;
  std::uint64_t seq = 0;
  for (auto batch = feed.after(seq, 6); !batch.empty(); batch = feed.after(seq, 6)) {
    EXPECT_LE(batch.entries.size(), 2u);
    all += joined(batch);
    seq = batch.up_to;
  }
  EXPECT_EQ(all, "frame;aaaa;bbbb;cccc;dddd;");
}

TEST_F(Feed, AKeyframeInPartsCountsWhenItIsWhole) {
  add("old");
  keyframe(0, 1, "a", Part::more_follow);
  EXPECT_EQ(joined(feed.after(0, 1 << 20)), "old;");
  keyframe(0, 1, "b");
  EXPECT_EQ(joined(feed.after(0, 1 << 20)), "Ka;Kb;");
}

TEST_F(Feed, TwoTerminalsKeepEachOthersOutput) {
  add("a");
  keyframe(0, 1, "f0");
  add("x");
  keyframe(2, 3, "f2");
  EXPECT_EQ(joined(feed.after(0, 1 << 20)), "Kf0;Kf2;x;");
}

TEST_F(Feed, IsBoundedAndSaysWhatIsMissing) {
  keyframe(0, 0, "frame");
  const base::Bytes big(64 * 1024, 'x');
  for (int i = 0; i < 100; ++i) add(big);
  const auto batch = feed.after(0, 1 << 30);
  EXPECT_FALSE(batch.lost);
  EXPECT_TRUE(batch.gap) << "between the screen and what is left";
  EXPECT_EQ(base::to_text(*batch.keyframes.front().event), "frame");
  EXPECT_LE(batch.entries.size(), 1 + LiveFeed::kCapacityBytes / big.size());
  EXPECT_TRUE(feed.after(3, 1 << 30).lost);
  keyframe(0, sequence - 1, "fresh");
  const auto healed = feed.after(3, 1 << 30);
  EXPECT_TRUE(healed.lost);
  EXPECT_FALSE(healed.gap) << "the screen draws what is missing";
  EXPECT_EQ(healed.entries.size(), 1u);
}

TEST_F(Feed, WithoutAKeyframeWhatIsMissingIsAGap) {
  const base::Bytes big(64 * 1024, 'x');
  for (int i = 0; i < 100; ++i) add(big);
  EXPECT_TRUE(feed.after(0, 1 << 30).gap);
}

TEST_F(Feed, AsksForAKeyframeOncePerDue) {
  EXPECT_FALSE(feed.take_keyframe_due());
  add(base::Bytes(LiveFeed::kKeyframeDueBytes, 'x'));
  EXPECT_TRUE(feed.take_keyframe_due());
  EXPECT_FALSE(feed.take_keyframe_due());
  add("y");
  keyframe(0, 1, "frame");
  EXPECT_FALSE(feed.take_keyframe_due());
  add(base::Bytes(LiveFeed::kKeyframeDueBytes - 1, 'x'));
  EXPECT_TRUE(feed.take_keyframe_due()) << "what the keyframe did not draw counts";
}

TEST_F(Feed, KeyframesGiveWayWhereThereIsNoRoom) {
  keyframe(0, 0, "f0");
  keyframe(2, 0, "half of f2", Part::more_follow);
  EXPECT_GT(feed.keyframe_bytes(), 0u);
  feed.drop_keyframes();
  EXPECT_EQ(feed.keyframe_bytes(), 0u);
  keyframe(2, 0, "the rest");
  EXPECT_EQ(feed.keyframe_bytes(), 0u) << "half a screen is none";
  keyframe(2, 0, "f2");
  EXPECT_GT(feed.keyframe_bytes(), 0u);
}

TEST_F(Feed, WakesSubscribersUntilTheyLeave) {
  int woken = 0;
  const auto token = feed.subscribe([&] { ++woken; });
  add("x");
  feed.close();
  feed.unsubscribe(token);
  add("x");
  EXPECT_EQ(woken, 2);
  EXPECT_TRUE(feed.after(0, 1 << 20).closed);
}

}  // namespace
}  // namespace sallyport::broker
