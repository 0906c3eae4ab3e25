// SPDX-License-Identifier: Apache-2.0
#include "broker/node/audit_limit.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

constexpr Allowance::Rate kRate{50, 1'000'000};

TEST(AuditLimit, LetsABurstThroughThenOneASecond) {
  AuditLimit limit(kRate);
  const base::Micros start = 5'000'000;
  for (std::int64_t i = 0; i < kRate.burst; ++i) EXPECT_TRUE(limit.admit(start));
  EXPECT_FALSE(limit.admit(start));
  EXPECT_FALSE(limit.admit(start + 999'999));
  EXPECT_TRUE(limit.admit(start + 1'000'000));
  EXPECT_FALSE(limit.admit(start + 1'000'001));
  EXPECT_EQ(limit.take_withheld(), 3);
  EXPECT_EQ(limit.take_withheld(), 0);
}

TEST(AuditLimit, NeverEarnsMoreThanABurst) {
  AuditLimit limit(kRate);
  EXPECT_TRUE(limit.admit(1));
  std::int64_t admitted = 0;
  while (limit.admit(3'600'000'000)) ++admitted;
  EXPECT_EQ(admitted, kRate.burst);
}

TEST(AuditLimit, IsNotForgottenBeforeWhatItWithheldIsSaid) {
  AuditLimit limit(kRate);
  while (limit.admit(1)) {
  }
  const base::Micros later = 1 + kRate.burst * kRate.refill_us;
  EXPECT_FALSE(limit.rested(later));
  EXPECT_EQ(limit.take_withheld(), 1);
  EXPECT_TRUE(limit.rested(later));
}

TEST(Allowance, WhatIsOwedIsWaitedFor) {
  Allowance allowance({2, 1'000});
  EXPECT_EQ(allowance.wait_us(10'000), 0);
  for (int i = 0; i < 5; ++i) allowance.charge(10'000);
  EXPECT_EQ(allowance.wait_us(10'000), 4'000) << "three are owed, and one is to be there";
  EXPECT_FALSE(allowance.take(13'999));
  EXPECT_EQ(allowance.wait_us(13'999), 1);
  EXPECT_TRUE(allowance.take(14'000));
  EXPECT_FALSE(allowance.take(14'000));
}

}  // namespace
}  // namespace sallyport::broker
