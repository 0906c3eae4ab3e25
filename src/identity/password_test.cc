// SPDX-License-Identifier: Apache-2.0
// Passwords: right, wrong, and as slow for nobody as for somebody.
#include "identity/password.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
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

std::int64_t cpu_us() {
  timespec t = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::int64_t{t.tv_sec} * 1000000 + t.tv_nsec / 1000;
}

TEST(Passwords, NobodyTakesAsLongAsSomebody) {
  struct Guess {
    std::optional<std::string> hash;
    std::string password;
    std::int64_t best_us = INT64_MAX;
  };
  const Passwords p = make();
  std::vector<Guess> guesses = {{*p.hash(view("correct horse")), "wrong horse"},
                                {std::nullopt, "wrong horse"},
                                {"$argon2id$", "wrong horse"},
                                {std::nullopt, std::string(5000, 'x')}};
  // Processor time, the best of several, in turns: other work on the machine must not decide this.
  for (int round = 0; round < 7; ++round) {
    for (Guess& guess : guesses) {
      const std::int64_t start = cpu_us();
      EXPECT_EQ(p.verify(guess.hash, view(guess.password)), PasswordVerdict::mismatch);
      guess.best_us = std::min(guess.best_us, cpu_us() - start);
    }
  }
  for (const Guess& guess : guesses) {
    EXPECT_GT(guess.best_us * 5, guesses.front().best_us * 2);
    EXPECT_LT(guess.best_us * 2, guesses.front().best_us * 5);
  }
}

}  // namespace
}  // namespace sallyport::identity
