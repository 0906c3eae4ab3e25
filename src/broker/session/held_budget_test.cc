// SPDX-License-Identifier: Apache-2.0
#include "broker/session/held_budget.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

constexpr std::size_t kKiB = 1024;

TEST(HeldBudget, OneUserHasAShareAndAllHaveOne) {
  HeldBudget budget({1000 * kKiB, 400 * kKiB, 64 * kKiB});
  HeldBudget::Share alice_1(budget, "alice"), alice_2(budget, "alice"), bob(budget, "bob"), carol(budget, "carol");
  alice_1.set(190 * kKiB);
  EXPECT_FALSE(alice_1.tight());
  alice_2.set(190 * kKiB);
  EXPECT_TRUE(alice_1.fits() && alice_2.fits());
  EXPECT_TRUE(alice_1.tight());
  EXPECT_FALSE(bob.tight());
  alice_2.set(230 * kKiB);
  EXPECT_FALSE(alice_2.fits());
  EXPECT_TRUE(bob.fits());
  bob.set(350 * kKiB);
  EXPECT_TRUE(bob.fits());
  EXPECT_TRUE(carol.tight()) << "all together have much";
  carol.set(300 * kKiB);
  EXPECT_FALSE(carol.fits()) << "all together have too much";
  carol.set(60 * kKiB);
  EXPECT_TRUE(carol.fits()) << "who holds next to nothing is left alone";
}

TEST(HeldBudget, WhatIsGivenBackIsThereAgain) {
  HeldBudget budget({1000 * kKiB, 400 * kKiB, 64 * kKiB});
  {
    HeldBudget::Share share(budget, "alice");
    share.set(500 * kKiB);
    EXPECT_EQ(budget.total(), 500 * kKiB);
    share.set(500 * kKiB + 1);
    EXPECT_EQ(budget.total(), 500 * kKiB) << "a grain is not counted";
    share.set(300 * kKiB);
    EXPECT_TRUE(share.fits());
  }
  EXPECT_EQ(budget.total(), 0u);
}

}  // namespace
}  // namespace sallyport::broker
