// SPDX-License-Identifier: Apache-2.0
// Who stays and who roams, on the real scheduler: a child of the test stands for a worker.
#include "broker/node/home_cpu.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace sallyport::broker {
namespace {

constexpr base::Micros kWindow = HomeCpu::kWindowUs;
constexpr ThreadLoad kWaits{90'000'000, 10};

cpu_set_t affinity(pid_t task) {
  cpu_set_t out;
  CPU_ZERO(&out);
  EXPECT_EQ(::sched_getaffinity(task, sizeof(out), &out), 0);
  return out;
}

TEST(Crowded, ALongWaitOrMuchOfIt) {
  EXPECT_FALSE(is_crowded({0, 0}, kWindow));
  EXPECT_FALSE(is_crowded({20'000'000, 1000}, kWindow));  // 20 us a turn, a fifth of the time
  EXPECT_TRUE(is_crowded({41'000'000, 2000}, kWindow));   // more than four tenths of the time
  EXPECT_TRUE(is_crowded({3'000'000, 2}, kWindow));       // 1.5 ms a turn
  EXPECT_FALSE(is_crowded({41'000'000, 2000}, kWindow * 10));
}

class HomeCpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    everywhere_ = affinity(0);
    if (CPU_COUNT(&everywhere_) < 2) GTEST_SKIP() << "there is one processor";
    child_ = ::fork();
    if (child_ == 0) {
      for (;;) ::pause();
    }
    workers_.add(child_);
    home_.begin();
  }
  void TearDown() override {
    ::sched_setaffinity(0, sizeof(everywhere_), &everywhere_);
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  void pass(std::size_t bytes) {
    home_.judge({}, kWindow, now_);
    workers_.passed(bytes, home_, now_);
  }
  /// Calm windows with a key in each, until the thread stays and its workers had time to follow: how many it wanted.
  unsigned come_home() {
    unsigned windows = 0;
    while (home_.cpu() < 0 && windows < 1000) {
      now_ += kWindow;
      pass(100);
      ++windows;
    }
    EXPECT_GE(home_.cpu(), 0);
    now_ += kWindow;
    pass(100);
    return windows;
  }
  bool child_is_home() const {
    const cpu_set_t set = affinity(child_);
    return CPU_COUNT(&set) == 1 && home_.cpu() >= 0 && CPU_ISSET(static_cast<std::size_t>(home_.cpu()), &set);
  }
  bool child_roams() const {
    const cpu_set_t set = affinity(child_);
    return CPU_EQUAL(&set, &everywhere_);
  }

  cpu_set_t everywhere_{};
  pid_t child_ = -1;
  HomeCpu home_{1};
  WorkerHome workers_;
  base::Micros now_ = 10'000'000;
};

TEST_F(HomeCpuTest, AQuietSessionComesHomeAndABusyOneLeaves) {
  come_home();
  const cpu_set_t own = affinity(0);
  EXPECT_EQ(CPU_COUNT(&own), 1);
  EXPECT_TRUE(child_is_home());
  now_ += 1000;
  pass(WorkerHome::kQuietBytes);
  EXPECT_TRUE(child_roams()) << "at once, not at the end of the window";
  now_ += kWindow;
  pass(100);
  EXPECT_TRUE(child_roams()) << "the last window was a busy one";
  now_ += kWindow;
  pass(100);
  EXPECT_TRUE(child_is_home());
}

TEST_F(HomeCpuTest, BulkLeavesForGood) {
  come_home();
  workers_.leave_for_good(home_);
  EXPECT_TRUE(child_roams());
  now_ += kWindow;
  pass(100);
  EXPECT_TRUE(child_roams());
}

TEST_F(HomeCpuTest, BulkMakesTheThreadRoamToo) {
  come_home();
  home_.disturb();
  EXPECT_EQ(home_.cpu(), -1);
  const cpu_set_t own = affinity(0);
  EXPECT_TRUE(CPU_EQUAL(&own, &everywhere_));
  for (int i = 0; i < 10; ++i) {
    home_.judge({}, kWindow, now_);
    home_.disturb();
    EXPECT_EQ(home_.cpu(), -1);
  }
  come_home();
}

TEST_F(HomeCpuTest, ThreadsSpread) {
  HomeCpu other(2);
  other.begin();
  for (unsigned i = 0; i < HomeCpu::kCalmWindows; ++i) other.judge({}, kWindow, now_);
  const int first = other.cpu();
  ASSERT_GE(first, 0);
  ::sched_setaffinity(0, sizeof(everywhere_), &everywhere_);
  come_home();
  EXPECT_NE(home_.cpu(), first);
}

TEST_F(HomeCpuTest, AThreadThatWaitsRoamsAndTriesElsewhereWhenItIsCalm) {
  come_home();
  const int crowded = home_.cpu();
  home_.judge(kWaits, kWindow, now_);
  EXPECT_EQ(home_.cpu(), -1);
  workers_.passed(100, home_, now_);
  EXPECT_TRUE(child_roams());
  come_home();
  EXPECT_NE(home_.cpu(), crowded);
}

TEST_F(HomeCpuTest, WhoSoonRegretsStayingStaysLessOftenForAWhile) {
  unsigned before = 0;
  for (int round = 0; round < 4; ++round) {
    const unsigned windows = come_home();
    EXPECT_GT(windows, before);
    before = windows;
    now_ += kWindow;
    home_.judge(kWaits, kWindow, now_);
  }
  now_ += HomeCpu::kSoonUs;
  EXPECT_EQ(come_home(), HomeCpu::kCalmWindows);
}

TEST_F(HomeCpuTest, WhileItWaitsItDoesNotStay) {
  for (int i = 0; i < 200; ++i) {
    home_.judge(i % 2 == 0 ? kWaits : ThreadLoad{}, kWindow, now_);
    ASSERT_EQ(home_.cpu(), -1);
  }
}

TEST_F(HomeCpuTest, ReadsWhatTheThreadDid) {
  home_.look(now_);  // whatever it says here and now: it is no error
  now_ += kWindow;
  home_.look(now_);
  EXPECT_LT(home_.cpu(), CPU_SETSIZE);
}

TEST_F(HomeCpuTest, AWorkerThatIsGoneIsLeftAlone) {
  come_home();
  workers_.forget();
  pass(WorkerHome::kQuietBytes);
  EXPECT_TRUE(child_is_home()) << "the number may be another's by now";
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
  now_ += kWindow;
  pass(100);
}

}  // namespace
}  // namespace sallyport::broker
