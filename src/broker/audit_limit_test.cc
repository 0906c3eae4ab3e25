// SPDX-License-Identifier: Apache-2.0
#include "broker/audit_limit.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

TEST(AuditLimit, LetsABurstThroughThenOneASecond) {
  AuditLimit limit;
  const base::Micros start = 5'000'000;
  for (std::int64_t i = 0; i < AuditLimit::session_rate.burst; ++i) EXPECT_TRUE(limit.admit(start));
  EXPECT_FALSE(limit.admit(start));
  EXPECT_FALSE(limit.admit(start + 999'999));
  EXPECT_TRUE(limit.admit(start + 1'000'000));
  EXPECT_FALSE(limit.admit(start + 1'000'001));
  EXPECT_EQ(limit.take_withheld(), 3);
  EXPECT_EQ(limit.take_withheld(), 0);
}

TEST(AuditLimit, NeverEarnsMoreThanABurst) {
  AuditLimit limit;
  EXPECT_TRUE(limit.admit(1));
  std::int64_t admitted = 0;
  while (limit.admit(3'600'000'000)) ++admitted;
  EXPECT_EQ(admitted, AuditLimit::session_rate.burst);
}

}  // namespace
}  // namespace sallyport::broker
