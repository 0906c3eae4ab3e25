// SPDX-License-Identifier: Apache-2.0
// Limits on the number of sessions, and a check-out that many threads want at once.
#include "broker/session/seats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace sallyport::broker {
namespace {

using ::testing::HasSubstr;

policy::Limits per_user(std::int64_t sessions) {
  policy::Limits out;
  out.sessions_per_user = sessions;
  return out;
}

policy::Limits exclusive() {
  policy::Limits out;
  out.exclusive = true;
  return out;
}

TEST(SeatsTest, WithoutLimitsThereIsAlwaysRoom) {
  Seats seats;
  std::vector<std::unique_ptr<Seats::Seat>> taken;
  for (int i = 0; i < 100; ++i) {
    auto seat = seats.take({"alice", "deploy", "web1"}, {});
    ASSERT_TRUE(seat) << seat.message();
    taken.push_back(std::move(*seat));
  }
}

TEST(SeatsTest, EachLimitCountsItsOwn) {
  policy::Limits target, account;
  target.sessions_per_target = 1;
  account.sessions_per_account = 1;
  Seats seats;
  const auto first = seats.take({"alice", "deploy", "web1"}, {});
  ASSERT_TRUE(first);
  EXPECT_THAT(seats.take({"alice", "root", "db1"}, per_user(1)).message(),
              HasSubstr("You have 1 session, and the policy allows 1 at a time"));
  EXPECT_TRUE(seats.take({"alice", "root", "db1"}, per_user(2)));
  EXPECT_TRUE(seats.take({"bob", "root", "db1"}, per_user(1)));
  EXPECT_THAT(seats.take({"bob", "root", "web1"}, target).message(), HasSubstr("The target 'web1' has 1 session"));
  EXPECT_TRUE(seats.take({"bob", "root", "db1"}, target));
  EXPECT_THAT(seats.take({"bob", "deploy", "db1"}, account).message(), HasSubstr("The account 'deploy' has 1 session"));
  EXPECT_TRUE(seats.take({"bob", "root", "web1"}, account));
}

TEST(SeatsTest, ASeatThatIsGivenBackIsFree) {
  Seats seats;
  for (int i = 0; i < 3; ++i) {
    auto one = seats.take({"alice", "deploy", "web1"}, per_user(1));
    ASSERT_TRUE(one) << one.message();
    EXPECT_FALSE(seats.take({"alice", "deploy", "web1"}, per_user(1)));
  }
}

TEST(SeatsTest, ACheckOutShutsOutEverySessionOfThatAccountOnThatTarget) {
  Seats seats;
  auto held = seats.take({"alice", "root", "web1"}, exclusive());
  ASSERT_TRUE(held);
  EXPECT_THAT(seats.take({"bob", "root", "web1"}, {}).message(), HasSubstr("checked out by another session"));
  EXPECT_FALSE(seats.take({"alice", "root", "web1"}, exclusive()));
  EXPECT_TRUE(seats.take({"bob", "root", "web2"}, exclusive()));
  EXPECT_TRUE(seats.take({"bob", "deploy", "web1"}, exclusive()));
  held->reset();
  const auto shared = seats.take({"bob", "root", "web1"}, {});
  ASSERT_TRUE(shared);
  EXPECT_THAT(seats.take({"alice", "root", "web1"}, exclusive()).message(), HasSubstr("is in use"));
}

TEST(SeatsTest, OfFiftyAtOnceOneChecksOut) {
  constexpr int kThreads = 50;
  for (int round = 0; round < 20; ++round) {
    Seats seats;
    std::latch all_there(kThreads), all_asked(kThreads);
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const Seats::Who who{"user" + std::to_string(i), "root", "web1"};
        all_there.arrive_and_wait();
        const auto seat = seats.take(who, exclusive());
        if (seat) ++won;
        all_asked.arrive_and_wait();  // nobody gives back before all have asked
      });
    }
    for (std::thread& one : threads) one.join();
    ASSERT_EQ(won.load(), 1);
    EXPECT_TRUE(seats.take({"alice", "root", "web1"}, exclusive())) << "all seats were given back";
  }
}

}  // namespace
}  // namespace sallyport::broker
