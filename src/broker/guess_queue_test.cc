// SPDX-License-Identifier: Apache-2.0
#include "broker/guess_queue.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <vector>

namespace sallyport::broker {
namespace {

// The hashing thread is kept busy until everything is queued; then what it did is looked at.
class GuessQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    thread->post([this] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return open; });
    });
  }
  void add(const std::string& source, int n) {
    queue.add(source, {[this, source, n] { judged.push_back(source + std::to_string(n)); },
                       [this, source, n] { away.push_back(source + std::to_string(n)); }});
  }
  void run() {
    {
      const std::lock_guard lock(mutex);
      open = true;
    }
    changed.notify_all();
    thread.reset();
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::vector<std::string> judged, away;
  std::unique_ptr<net::Executor> thread = std::make_unique<net::Executor>("hash");
  GuessQueue queue{*thread};
};

TEST_F(GuessQueueTest, SourcesTakeTurns) {
  for (int i = 0; i < 3; ++i) add("flood", i);
  add("alice", 0);
  add("bob", 0);
  run();
  EXPECT_EQ(judged, (std::vector<std::string>{"alice0", "bob0", "flood0", "flood1", "flood2"}));
  EXPECT_TRUE(away.empty());
}

TEST_F(GuessQueueTest, ASourceHasItsShareAndNoMore) {
  for (std::size_t i = 0; i < GuessQueue::source_limit + 2; ++i) add("flood", static_cast<int>(i));
  EXPECT_EQ(away, (std::vector<std::string>{"flood16", "flood17"}));
  run();
  EXPECT_EQ(judged.size(), GuessQueue::source_limit);
}

TEST_F(GuessQueueTest, ManySourcesDoNotKeepANewOneOut) {
  const std::size_t sources = GuessQueue::total_limit / GuessQueue::source_limit;
  for (std::size_t s = 0; s < sources; ++s) {
    for (std::size_t i = 0; i < GuessQueue::source_limit; ++i) add("f" + std::to_string(s) + "-", static_cast<int>(i));
  }
  EXPECT_TRUE(away.empty());
  add("alice", 0);
  ASSERT_EQ(away.size(), 1u);
  EXPECT_EQ(away[0].substr(away[0].size() - 3), "-15") << "the latest of one that has most";
  run();
  EXPECT_EQ(judged.size(), GuessQueue::total_limit);
  EXPECT_NE(std::find(judged.begin(), judged.begin() + 17, "alice0"), judged.begin() + 17) << "within the first round";
}

TEST_F(GuessQueueTest, WhenEachHasButOneALaterSourceStillGetsIn) {
  for (std::size_t s = 0; s < GuessQueue::total_limit; ++s) add("s" + std::to_string(s) + "-", 0);
  add("alice", 0);
  EXPECT_EQ(away.size(), 1u);
  run();
  EXPECT_NE(std::find(judged.begin(), judged.end(), "alice0"), judged.end());
}

TEST_F(GuessQueueTest, ClearedItJudgesNothing) {
  add("alice", 0);
  queue.clear();
  run();
  EXPECT_TRUE(judged.empty());
  EXPECT_TRUE(away.empty());
}

}  // namespace
}  // namespace sallyport::broker
