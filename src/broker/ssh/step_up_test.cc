// SPDX-License-Identifier: Apache-2.0
// The question for a fresh code, with a judge that answers when the test says so.
#include "broker/ssh/step_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/session/session_fakes_test.h"
#include "broker/ssh/authenticator_fixture_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Verdict = CodeJudge::Judged::Verdict;

class StepUpTest : public BrokerFixture {
 protected:
  void SetUp() override {
    BrokerFixture::SetUp();
    on_loop([this] {
      step_up_ = std::make_unique<StepUp>(codes_, *user_audit_, front_, thread_->loop(),
                                          StepUp::Asker{"alice", "192.0.2.1:7", "192.0.2.1", 3},
                                          [this](StepUp::Outcome outcome) { outcomes_.push_back(outcome); });
      step_up_->ask();
    });
  }
  void TearDown() override {
    on_loop([this] { step_up_.reset(); });
    BrokerFixture::TearDown();
  }
  bool answer(const std::string& code) {
    bool taken = false;
    on_loop([&] { taken = step_up_->answer(base::view(code)); });
    return taken;
  }
  void judged(const CodeJudge::Judged& judged) {
    const CodeJudge::Question question = std::move(codes_.open.front());
    codes_.open.pop_front();
    question.done(judged);
    on_loop([] {});
  }

  FakeFront front_;
  FakeCodes codes_;
  std::vector<StepUp::Outcome> outcomes_;
  std::unique_ptr<StepUp> step_up_;
};

TEST_F(StepUpTest, ARightCodeProves) {
  EXPECT_THAT(front_.asked, ElementsAre(HasSubstr("One-time code: ")));
  EXPECT_TRUE(answer("123456"));
  EXPECT_THAT(codes_.asked, ElementsAre("192.0.2.1 alice 123456"));
  EXPECT_FALSE(answer("123456")) << "one question, one answer";
  EXPECT_THAT(outcomes_, IsEmpty());
  judged({Verdict::right, "totp", 0});
  EXPECT_THAT(outcomes_, ElementsAre(StepUp::Outcome::proved));
  EXPECT_THAT(audited("auth.step-up"), SizeIs(1));
}

TEST_F(StepUpTest, WrongCodesAreAskedAgainUpToABound) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(front_.asked, SizeIs(i + 1));
    EXPECT_TRUE(answer("000000"));
    judged({i == 1 ? Verdict::used : Verdict::wrong, {}, 0});
  }
  EXPECT_THAT(front_.asked[1], HasSubstr("not right"));
  EXPECT_THAT(front_.asked[2], HasSubstr("used already"));
  EXPECT_THAT(outcomes_, ElementsAre(StepUp::Outcome::failed));
  EXPECT_FALSE(answer("123456"));
  EXPECT_THAT(audited("auth.failure"), SizeIs(3));
}

TEST_F(StepUpTest, WhoHasLeftIsNotProved) {
  EXPECT_TRUE(answer("123456"));
  on_loop([this] { step_up_.reset(); });
  judged({Verdict::right, "totp", 0});
  EXPECT_THAT(outcomes_, IsEmpty());
  EXPECT_THAT(audited("auth.step-up"), IsEmpty());
}

}  // namespace
}  // namespace sallyport::broker
