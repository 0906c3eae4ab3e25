// SPDX-License-Identifier: Apache-2.0
#include "net/executor.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sallyport::net {
namespace {

TEST(Executor, RunsInOrderAndFinishesWhatIsQueued) {
  std::vector<int> seen;
  {
    Executor executor("test", Priority::idle);
    for (int i = 0; i < 1000; ++i) executor.post([&, i] { seen.push_back(i); });
  }
  ASSERT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Executor, AnExceptionCostsOneJob) {
  int done = 0;
  {
    Executor executor("test");
    executor.post([] { throw std::runtime_error("of one job"); });
    executor.post([&] { ++done; });
  }
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace sallyport::net
