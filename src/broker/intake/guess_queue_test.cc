// SPDX-License-Identifier: Apache-2.0
#include "broker/intake/guess_queue.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include "audit/audit_fixture_test.h"

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
  void add(const std::string& source, int n, GuessQueue::Outcome outcome = GuessQueue::Outcome::right) {
    queue.add(source, {[this, source, n, outcome] {
                         judged.push_back(source + std::to_string(n));
                         return outcome;
                       },
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
  audit::StillClock clock;
  std::unique_ptr<net::Executor> thread = std::make_unique<net::Executor>("hash");
  GuessQueue queue{*thread, clock, 1'000'000, [](base::Micros, const auto&) {}};
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
  for (std::size_t i = 0; i < GuessQueue::kSourceLimit + 2; ++i) add("flood", static_cast<int>(i));
  EXPECT_EQ(away, (std::vector<std::string>{"flood16", "flood17"}));
  run();
  EXPECT_EQ(judged.size(), GuessQueue::kSourceLimit);
}

TEST_F(GuessQueueTest, ManySourcesDoNotKeepANewOneOut) {
  const std::size_t sources = GuessQueue::kTotalLimit / GuessQueue::kSourceLimit;
  for (std::size_t s = 0; s < sources; ++s) {
    for (std::size_t i = 0; i < GuessQueue::kSourceLimit; ++i) add("f" + std::to_string(s) + "-", static_cast<int>(i));
  }
  EXPECT_TRUE(away.empty());
  add("alice", 0);
  ASSERT_EQ(away.size(), 1u);
  EXPECT_EQ(away[0].substr(away[0].size() - 3), "-15") << "the latest of one that has most";
  run();
  EXPECT_EQ(judged.size(), GuessQueue::kTotalLimit);
  EXPECT_NE(std::find(judged.begin(), judged.begin() + 17, "alice0"), judged.begin() + 17) << "within the first round";
}

TEST_F(GuessQueueTest, WhenEachHasButOneALaterSourceStillGetsIn) {
  for (std::size_t s = 0; s < GuessQueue::kTotalLimit; ++s) add("s" + std::to_string(s) + "-", 0);
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

// Time and the hashing thread go only where the test lets them.
class GuessPaceTest : public testing::Test {
 protected:
  void guess(const std::string& source, GuessQueue::Outcome outcome) {
    queue.add(source, {[this, source, outcome] {
                         ++judged[source];
                         return outcome;
                       },
                       [this, source] { ++away[source]; }});
  }
  void settle() {
    // A judging posts the next one before it ends: as many rounds as there may be judgings.
    for (std::size_t i = 0; i < 2 * GuessQueue::kSourceLimit + 2; ++i) {
      std::promise<void> done;
      thread.post([&] { done.set_value(); });
      done.get_future().wait();
    }
  }
  void run_until(base::Micros until_us) {
    settle();
    for (;;) {
      std::pair<base::Micros, std::function<void()>> next;
      {
        const std::lock_guard lock(mutex);
        if (timers.empty() || timers.begin()->first > until_us) break;
        next = *timers.begin();
        timers.erase(timers.begin());
      }
      clock.now = std::max(clock.now.load(), next.first);
      next.second();
      settle();
    }
    clock.now = until_us;
  }

  audit::StillClock clock;
  std::mutex mutex;
  std::multimap<base::Micros, std::function<void()>> timers;
  std::map<std::string, int> judged, away;
  net::Executor thread{"hash"};
  GuessQueue queue{thread, clock, 1'000'000, [this](base::Micros delay, std::function<void()> work) {
                     const std::lock_guard lock(mutex);
                     timers.emplace(clock.now + delay, std::move(work));
                   }};
};

TEST_F(GuessPaceTest, WrongGuessesOfOneSourceBecomeSlowAndOthersDoNotWait) {
  const base::Micros start = clock.now;
  constexpr int seconds = 60;
  for (int tenth = 0; tenth < 10 * seconds; ++tenth) {
    for (int i = 0; i < 5; ++i) guess("flood", GuessQueue::Outcome::wrong);  // over as many connections as it likes
    guess("office", GuessQueue::Outcome::right);
    run_until(start + tenth * 100'000);
  }
  EXPECT_EQ(judged["office"], 10 * seconds) << "the right ones cost nothing, and wait for nobody";
  EXPECT_LE(judged["flood"], GuessQueue::kFreeGuesses + seconds);
  EXPECT_GE(judged["flood"], GuessQueue::kFreeGuesses + seconds - 2);
  EXPECT_GT(away["flood"], 0);
}

TEST_F(GuessPaceTest, WhoHasWaitedGuessesFreelyAgain) {
  const auto at_once = [&] {
    const int before = judged["alice"];
    for (int i = 0; i < 10 * GuessQueue::kFreeGuesses; ++i) {
      guess("alice", GuessQueue::Outcome::wrong);
      settle();
    }
    queue.clear();
    return judged["alice"] - before;
  };
  EXPECT_EQ(at_once(), GuessQueue::kFreeGuesses);
  EXPECT_EQ(at_once(), 0);
  run_until(clock.now + GuessQueue::kFreeGuesses * 1'000'000);
  EXPECT_EQ(at_once(), GuessQueue::kFreeGuesses);
}

TEST_F(GuessPaceTest, AJudgingThatThrowsStopsNoOther) {
  queue.add("alice", {[]() -> GuessQueue::Outcome { throw std::bad_alloc(); }, [] {}});
  guess("bob", GuessQueue::Outcome::right);
  settle();
  EXPECT_EQ(judged["bob"], 1);
}

}  // namespace
}  // namespace sallyport::broker
