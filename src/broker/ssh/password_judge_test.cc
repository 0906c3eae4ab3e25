// SPDX-License-Identifier: Apache-2.0
// Passwords against a real store: whose counts, and what a wrong one costs.
#include "broker/access/password_judge.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "broker/ssh/broker_fixture_test.h"
#include "identity/user_credentials.h"

namespace sallyport::broker {
namespace {

using Verdict = PasswordCheck::Verdict;

constexpr identity::PasswordCost kCheap{1, 8 * 1024 * 1024};
const std::string kPassword = "correct horse";

class PasswordJudgeTest : public BrokerFixture {
 protected:
  void SetUp() override {
    BrokerFixture::SetUp();
    put_user("alice", {});
    give_password("alice");
  }
  void TearDown() override {
    guesses_.clear();
    hash_thread_.reset();
    BrokerFixture::TearDown();
  }
  void give_password(const std::string& user, const identity::PasswordCost& cost = kCheap) {
    const auto hash = identity::Passwords::create(cost, random_)->hash(base::view(kPassword));
    ASSERT_TRUE(identity::set_password(*store_, user, *hash, clock_.now));
    ASSERT_TRUE(policy_.reload(*store_));
  }
  StoredPasswords judge() { return StoredPasswords({*store_, *store_thread_, policy_, *passwords_, guesses_, clock_}); }
  PasswordCheck::Judged judged(const std::string& user, const std::string& password) {
    std::promise<PasswordCheck::Judged> out;
    judge().judge({"192.0.2.1", user, base::view(password), [] { return true; },
                   [&](const PasswordCheck::Judged& judged) { out.set_value(judged); }});
    const auto judged = out.get_future().get();
    wait_for(*hash_thread_);
    wait_for(*store_thread_);
    return judged;
  }

  base::Result<identity::Passwords> passwords_ = identity::Passwords::create(kCheap, random_);
  std::unique_ptr<net::Executor> hash_thread_ = std::make_unique<net::Executor>("hash");
  std::vector<base::Micros> waits_;
  GuessQueue guesses_{*hash_thread_, clock_, 60'000'000,
                      [this](base::Micros delay, const std::function<void()>&) { waits_.push_back(delay); }};
};

TEST_F(PasswordJudgeTest, TheRightOneComesWithTheUsersIncarnation) {
  const auto right = judged("alice", kPassword);
  EXPECT_EQ(right.verdict, Verdict::right);
  EXPECT_EQ(right.incarnation, *policy_.current()->incarnation_of("alice"));
  EXPECT_EQ(judged("alice", "correct hors").verdict, Verdict::wrong);
  EXPECT_EQ(judged("alice", "").verdict, Verdict::wrong);
}

TEST_F(PasswordJudgeTest, WhoMayNotLogInHasNoRightOne) {
  put_user("bob", {});
  EXPECT_EQ(judged("bob", kPassword).verdict, Verdict::wrong) << "without a password";
  give_password("bob");
  EXPECT_EQ(judged("bob", kPassword).verdict, Verdict::right);
  put_user("bob", {}, true);
  EXPECT_EQ(judged("bob", kPassword).verdict, Verdict::wrong) << "disabled";
  give_password("ghost");
  EXPECT_EQ(judged("ghost", kPassword).verdict, Verdict::wrong) << "a password without a user";
  EXPECT_EQ(judged("", kPassword).verdict, Verdict::wrong);
}

TEST_F(PasswordJudgeTest, AServiceAccountHasNoRightOne) {
  policy::User user;
  user.name = "alice";
  user.type = policy::UserType::service;
  user.sources = {"192.0.2.0/24"};
  put(user);
  EXPECT_EQ(judged("alice", kPassword).verdict, Verdict::wrong) << "of a time when it was a person";
}

TEST_F(PasswordJudgeTest, AWrongOneOfAnybodyIsTheSourcesWrongGuess) {
  for (std::int64_t i = 0; i < GuessQueue::kFreeGuesses; ++i) {
    EXPECT_EQ(judged("nobody", "a guess").verdict, Verdict::wrong);
  }
  ASSERT_TRUE(waits_.empty());
  judge().judge({"192.0.2.1", "alice", base::view(kPassword), [] { return true; }, [](const auto&) {}});
  EXPECT_EQ(waits_.size(), 1U) << "the source waits for its turn";
}

TEST_F(PasswordJudgeTest, OfOneWhoHasLeftNothingIsJudged) {
  bool told = false;
  judge().judge({"192.0.2.1", "alice", base::view(kPassword), [] { return false; }, [&](const auto&) { told = true; }});
  wait_for(*hash_thread_);
  EXPECT_FALSE(told);
}

TEST_F(PasswordJudgeTest, WhereTooManyWaitTheNextIsToldSo) {
  std::promise<void> go;
  hash_thread_->post([waits = go.get_future().share()] { waits.wait(); });
  std::atomic<int> right{0}, turned_away{0};
  for (std::size_t i = 0; i < GuessQueue::kSourceLimit + 3; ++i) {
    judge().judge({"192.0.2.1", "alice", base::view(kPassword), [] { return true; },
                   [&](const auto& judged) {
                     if (judged.verdict == Verdict::right) ++right;
                     if (judged.verdict == Verdict::not_judged) ++turned_away;
                   }});
  }
  EXPECT_EQ(turned_away, 3);
  go.set_value();
  // One right one after them all: the queue of a source is in order.
  while (right < static_cast<int>(GuessQueue::kSourceLimit)) wait_for(*hash_thread_);
  EXPECT_EQ(turned_away, 3);
}

TEST_F(PasswordJudgeTest, AHashOfAnotherCostIsRenewed) {
  give_password("alice", {1, 16 * 1024 * 1024});
  const auto before = *identity::password_hash(*store_, "alice");
  EXPECT_EQ(judged("alice", "a guess").verdict, Verdict::wrong);
  EXPECT_EQ(*identity::password_hash(*store_, "alice"), before) << "not by a wrong one";
  EXPECT_EQ(judged("alice", kPassword).verdict, Verdict::right);
  const auto after = *identity::password_hash(*store_, "alice");
  EXPECT_NE(after, before);
  EXPECT_EQ(judged("alice", kPassword).verdict, Verdict::right);
  EXPECT_EQ(*identity::password_hash(*store_, "alice"), after);
}

}  // namespace
}  // namespace sallyport::broker
