// SPDX-License-Identifier: Apache-2.0
// What is remembered is for the same user, source and key alone.
#include "broker/access/remembered_factors.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

const RememberedFactors::Login kLogin{"alice", "192.0.2.1", "publickey SHA256:a"};
constexpr store::Incarnation kAlice{1, 1};

TEST(RememberedFactors, IsForTheSameLoginAlone) {
  RememberedFactors remembered;
  EXPECT_FALSE(remembered.proved(kLogin, kAlice, 10));
  remembered.note(kLogin, kAlice, 10);
  EXPECT_EQ(remembered.proved(kLogin, kAlice, 20), 10);
  EXPECT_FALSE(remembered.proved({"bob", kLogin.source_host, kLogin.credential}, kAlice, 20));
  EXPECT_FALSE(remembered.proved({"alice", "192.0.2.2", kLogin.credential}, kAlice, 20));
  EXPECT_FALSE(remembered.proved({"alice", kLogin.source_host, "publickey SHA256:b"}, kAlice, 20));
  EXPECT_FALSE(remembered.proved({"alice", kLogin.source_host, "password"}, kAlice, 20));
  remembered.note(kLogin, kAlice, 30);
  EXPECT_EQ(remembered.proved(kLogin, kAlice, 40), 30);
}

TEST(RememberedFactors, EndsWithTheUsersIncarnationAndForGood) {
  for (const store::Incarnation& other : {store::Incarnation{2, 1}, store::Incarnation{1, 2}}) {
    RememberedFactors remembered;
    remembered.note(kLogin, kAlice, 10);
    EXPECT_FALSE(remembered.proved(kLogin, other, 20));
    EXPECT_FALSE(remembered.proved(kLogin, kAlice, 20));
  }
}

TEST(RememberedFactors, EndsAfterADay) {
  RememberedFactors remembered;
  remembered.note(kLogin, kAlice, 10);
  EXPECT_TRUE(remembered.proved(kLogin, kAlice, 9 + RememberedFactors::kLongestUs));
  EXPECT_FALSE(remembered.proved(kLogin, kAlice, 10 + RememberedFactors::kLongestUs));
}

TEST(RememberedFactors, IsBoundedAndLosesTheOldest) {
  RememberedFactors remembered;
  const auto of = [](std::size_t i) {
    return RememberedFactors::Login{"u" + std::to_string(i), "192.0.2.1", "password"};
  };
  for (std::size_t i = 0; i <= RememberedFactors::kMost; ++i) {
    remembered.note(of(i), kAlice, static_cast<base::Micros>(i));
  }
  EXPECT_EQ(remembered.size(), RememberedFactors::kMost);
  EXPECT_FALSE(remembered.proved(of(0), kAlice, 1));
  EXPECT_TRUE(remembered.proved(of(1), kAlice, 1));
  EXPECT_TRUE(remembered.proved(of(RememberedFactors::kMost), kAlice, 1));
}

}  // namespace
}  // namespace sallyport::broker
