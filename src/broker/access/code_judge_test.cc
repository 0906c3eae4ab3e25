// SPDX-License-Identifier: Apache-2.0
// Codes on their way to the factor and back, and what a wrong one costs its source.
#include "broker/access/code_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace sallyport::broker {
namespace {

using ::testing::HasSubstr;
using Verdict = CodeJudge::Judged::Verdict;
using Answer = identity::FactorAnswer;

class FakeFactor final : public identity::Factor {
 public:
  base::Result<Answer> judge(std::string_view user, base::ByteView answer) override {
    asked = std::string(user) + " " + base::to_text(answer);
    return next;
  }
  std::string asked;
  base::Result<Answer> next = Answer{};
};

class CodeJudgeTest : public ::testing::Test {
 protected:
  CodeJudge::Judged ask() {
    std::promise<CodeJudge::Judged> judged;
    const std::string code = "123456";
    judge.judge({"192.0.2.1", "alice", base::view(code), [] { return true; },
                 [&](const CodeJudge::Judged& one) { judged.set_value(one); }});
    return judged.get_future().get();
  }

  base::SystemClock clock;
  net::Executor store_thread{"store"};
  net::Executor hash_thread{"hash"};
  std::vector<base::Micros> waits;
  GuessQueue guesses{hash_thread, clock, 1'000'000,
                     [this](base::Micros delay, const auto&) { waits.push_back(delay); }};
  FakeFactor factor;
  StoredCodes judge{factor, store_thread, guesses};
};

TEST_F(CodeJudgeTest, EveryAnswerOfTheFactorHasItsVerdict) {
  factor.next = Answer{Answer::Verdict::right, "recovery-code", 0};
  EXPECT_EQ(ask().verdict, Verdict::right);
  EXPECT_EQ(ask().by, "recovery-code");
  EXPECT_EQ(factor.asked, "alice 123456");
  factor.next = Answer{Answer::Verdict::wrong, {}, 5};
  EXPECT_EQ(ask().verdict, Verdict::wrong);
  EXPECT_EQ(ask().wait_us, 5);
  factor.next = Answer{Answer::Verdict::used, {}, 0};
  EXPECT_EQ(ask().verdict, Verdict::used);
  factor.next = Answer{Answer::Verdict::too_soon, {}, 7};
  EXPECT_EQ(ask().verdict, Verdict::too_soon);
  EXPECT_EQ(ask().wait_us, 7);
  factor.next = Answer{Answer::Verdict::not_enrolled, {}, 0};
  EXPECT_EQ(ask().verdict, Verdict::not_judged);
  factor.next = base::fail(base::Errc::closed, "the database does not answer");
  EXPECT_EQ(ask().verdict, Verdict::not_judged);
}

TEST_F(CodeJudgeTest, WrongCodesSlowTheirSourceDown) {
  factor.next = Answer{Answer::Verdict::wrong, {}, 0};
  for (std::int64_t i = 0; i < GuessQueue::kFreeGuesses; ++i) EXPECT_EQ(ask().verdict, Verdict::wrong);
  const std::string code = "123456";
  std::promise<void> before;
  hash_thread.post([&] { before.set_value(); });
  before.get_future().wait();  // the last wrong one is charged
  judge.judge({"192.0.2.1", "alice", base::view(code), [] { return true; }, [](const CodeJudge::Judged&) {}});
  EXPECT_EQ(waits.size(), 1U) << "the next one has to wait";
  guesses.clear();
}

TEST(CodeWords, SayWhatToDo) {
  EXPECT_EQ(words_for({Verdict::right, "totp", 0}), "");
  EXPECT_EQ(words_for({Verdict::wrong, {}, 0}), "That code is not right.");
  EXPECT_THAT(words_for({Verdict::wrong, {}, 29'000'001}), HasSubstr("for 30 seconds"));
  EXPECT_THAT(words_for({Verdict::too_soon, {}, 3'600'000'000}), HasSubstr("for 60 minutes"));
  EXPECT_THAT(words_for({Verdict::used, {}, 0}), HasSubstr("wait for the next one"));
  EXPECT_THAT(words_for({Verdict::not_judged, {}, 0}), HasSubstr("Try again"));
}

}  // namespace
}  // namespace sallyport::broker
