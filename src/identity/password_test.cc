// SPDX-License-Identifier: Apache-2.0
// Passwords: right, wrong, and as slow for nobody as for somebody.
#include "identity/password.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace sallyport::identity {
namespace {

using base::view;
constexpr PasswordCost kCheap{1, 8 * 1024 * 1024};

Passwords make(const PasswordCost& cost = kCheap) {
  base::SystemRandom random;
  return std::move(Passwords::create(cost, random).value());
}

TEST(Passwords, RightAndWrong) {
  const Passwords p = make();
  const std::string hash = *p.hash(view("correct horse"));
  EXPECT_THAT(hash, ::testing::StartsWith("$argon2id$v=19$m=8192,t=1,p=1$"));
  EXPECT_NE(hash, *p.hash(view("correct horse")));
  EXPECT_EQ(p.verify(hash, view("correct horse")), PasswordVerdict::match);
  EXPECT_EQ(p.verify(hash, view("correct hors")), PasswordVerdict::mismatch);
  EXPECT_EQ(p.verify(hash, view("")), PasswordVerdict::mismatch);
  EXPECT_EQ(p.verify(std::nullopt, view("correct horse")), PasswordVerdict::mismatch);
  EXPECT_EQ(p.verify("", view("correct horse")), PasswordVerdict::mismatch);
  EXPECT_EQ(p.verify("$argon2id$rubbish", view("correct horse")), PasswordVerdict::mismatch);
  EXPECT_EQ(p.verify(std::string(4000, '$'), view("correct horse")), PasswordVerdict::mismatch);
}

TEST(Passwords, TheDefaultCostIsThePromisedOne) {
  const PasswordCost cost;
  EXPECT_EQ(cost.memory_bytes, 64U << 20);
  EXPECT_THAT(*make(cost).hash(view("correct horse")), ::testing::StartsWith("$argon2id$v=19$m=65536,t=2,p=1$"));
}

TEST(Passwords, WhatMayBeAPassword) {
  const Passwords p = make();
  EXPECT_FALSE(p.hash(view("seven77")));
  EXPECT_TRUE(p.hash(view("eight888")));
  EXPECT_FALSE(p.hash(view("with a line end\n")));
  const std::string longest(kMaxPasswordBytes, 'x');
  const std::string hash = *p.hash(view(longest));
  EXPECT_FALSE(p.hash(view(longest + "x")));
  EXPECT_EQ(p.verify(hash, view(longest)), PasswordVerdict::match);
  // What is too long is not cut to fit.
  EXPECT_EQ(p.verify(hash, view(longest + "x")), PasswordVerdict::mismatch);
}

TEST(Passwords, AnotherCostAsksForARehash) {
  const std::string old = *make({2, 8 * 1024 * 1024}).hash(view("correct horse"));
  const Passwords now = make();
  EXPECT_EQ(now.verify(old, view("correct horse")), PasswordVerdict::match_rehash);
  EXPECT_EQ(now.verify(old, view("wrong horse")), PasswordVerdict::mismatch);
}

TEST(Passwords, NobodyTakesAsLongAsSomebody) {
  const Passwords p = make();
  const std::string hash = *p.hash(view("correct horse"));
  const auto fastest_us = [&](const std::optional<std::string>& h, const std::string& password) {
    std::int64_t best = INT64_MAX;
    for (int i = 0; i < 7; ++i) {
      const auto start = std::chrono::steady_clock::now();
      (void)p.verify(h, view(password));
      best = std::min<std::int64_t>(
          best,
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
  };
  const std::int64_t known = fastest_us(hash, "wrong horse");
  for (const std::int64_t other : {fastest_us(std::nullopt, "wrong horse"), fastest_us("$argon2id$", "wrong horse"),
                                   fastest_us(std::nullopt, std::string(5000, 'x'))}) {
    EXPECT_GT(other, known / 2);
    EXPECT_LT(other, known * 2);
  }
}

}  // namespace
}  // namespace sallyport::identity
