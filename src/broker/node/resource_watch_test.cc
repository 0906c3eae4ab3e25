// SPDX-License-Identifier: Apache-2.0
// Other nodes' changes are looked for when they are heard of, and now and then when nothing is.
#include "broker/node/resource_watch.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace sallyport::broker {
namespace {

/// What is heard, as the test says it.
class FakeNotices final : public store::Notices {
 public:
  explicit FakeNotices(bool hears) : hears_(hears) {}
  bool wait(std::chrono::milliseconds) override {
    ++waits;
    return hears_;
  }
  std::atomic<int> waits = 0;

 private:
  const bool hears_;
};

/// Waits until it has looked so often; how many waits came before the last look.
int waits_before_looks(bool hears, int wanted) {
  auto notices = std::make_unique<FakeNotices>(hears);
  FakeNotices& fake = *notices;
  std::mutex mutex;
  std::condition_variable changed;
  int looks = 0;
  int waits = 0;
  ResourceWatch watch(std::move(notices), [&] {
    const std::lock_guard lock(mutex);
    if (++looks == wanted) waits = fake.waits;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return looks >= wanted; });
  return waits;
}

TEST(ResourceWatch, LooksAtEachNotice) {
  EXPECT_EQ(waits_before_looks(true, 5), 5);
}

TEST(ResourceWatch, LooksNowAndThenWhenItHearsNothing) {
  const int waits = waits_before_looks(false, 2);
  EXPECT_GT(waits, 4);
  EXPECT_LT(waits, 100);
}

}  // namespace
}  // namespace sallyport::broker
