// SPDX-License-Identifier: Apache-2.0
// Acts on a session, with fakes of all that is around it.
#include "broker/session/session_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "broker/session/session_fakes_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakePasswords final : public PasswordCheck {
 public:
  void check_again(const std::string&, base::ByteView password, std::function<void(const Judged&)> done) override {
    asked.push_back(base::to_text(password));
    answers.push_back(std::move(done));
  }
  void check_code(const std::string&, base::ByteView code, std::function<void(const Judged&)> done) override {
    codes.push_back(base::to_text(code));
    answers.push_back(std::move(done));
  }
  std::vector<std::string> asked, codes;
  std::vector<std::function<void(const Judged&)>> answers;
};

class ControlTest : public ::testing::Test, public SessionControl::Owner {
 protected:
  ControlTest() {
    handle->attach(
        [this](const ControlAct& act, const std::function<void(base::Status)>& done) { control.act(act, stage, done); },
        [this](bool joined, const std::string& actor) { control.watch(joined, actor); });
    handle->went_live();
    control.begin(handle);
  }
  ~ControlTest() override { handle->detach(); }

  base::Status act(ControlAction action, const std::string& text = "") {
    base::Status out = base::fail(base::Errc::internal, "never called");
    handle->control({action, "admin", text}, [&out](base::Status status) { out = std::move(status); });
    return out;
  }
  void answer(PasswordCheck::Verdict verdict) {
    control.password(base::view(std::string_view("secret")));
    passwords.answers.back()({verdict, {}});
  }

  bool is_the_user(const std::string&, const store::Incarnation&) override { return counts; }
  void note_control(const std::string& action, const std::string& actor, const std::string&) override {
    notes.push_back(action + " by " + actor);
  }
  void note_wrong_proof(const std::string& method) override {
    ++wrong;
    wrong_methods.push_back(method);
  }
  void gate_opened() override { ++opened; }
  void keyframe_wanted() override { ++keyframes; }
  void end_by(const std::string& reason, const std::string&) override { ended = reason; }
  void kill_workers() override { ++killed; }

  bool counts = true;
  unsigned wrong = 0, opened = 0, keyframes = 0, killed = 0;
  std::vector<std::string> notes, wrong_methods;
  std::string ended;
  HandClock clock;
  FakeFront front;
  FakePasswords passwords;
  SessionControl::Stage stage = SessionControl::Stage::running;
  std::shared_ptr<SessionHandle> handle = std::make_shared<SessionHandle>(SessionInfo{});
  SessionControl control{*this, front, passwords, clock, "alice", 2};
};

TEST_F(ControlTest, APauseIsNotedAndToldAndUndoneByAResume) {
  EXPECT_TRUE(act(ControlAction::pause, "lunch"));
  EXPECT_TRUE(handle->gate_shut());
  EXPECT_THAT(front.told.back().text, HasSubstr("admin paused this session: lunch"));
  EXPECT_TRUE(act(ControlAction::resume));
  EXPECT_FALSE(handle->gate_shut());
  EXPECT_EQ(opened, 1U);
  EXPECT_EQ(front.told.back().session, Notice::Session::goes_on);
  EXPECT_THAT(notes, ElementsAre("pause by admin", "resume by admin"));
}

TEST_F(ControlTest, ASuspendedSessionWaitsForItsUsersPassword) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_TRUE(act(ControlAction::resume));
  EXPECT_TRUE(handle->gate_shut());
  answer(PasswordCheck::Verdict::wrong);
  EXPECT_EQ(wrong, 1U);
  EXPECT_TRUE(handle->gate_shut());
  answer(PasswordCheck::Verdict::not_judged);
  EXPECT_EQ(wrong, 1U);
  ++clock.now;
  answer(PasswordCheck::Verdict::right);
  EXPECT_FALSE(handle->gate_shut());
  EXPECT_EQ(opened, 1U);
  EXPECT_THAT(notes, ElementsAre("suspend by admin", "resume by admin", "reauthenticated by alice"));
}

TEST_F(ControlTest, AnEnrolledUserProvesTheCodeToo) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_TRUE(act(ControlAction::resume));
  ++clock.now;
  answer(PasswordCheck::Verdict::code_wanted);
  EXPECT_TRUE(handle->gate_shut()) << "the password alone proves too little";
  EXPECT_THAT(front.asked.back(), HasSubstr("One-time code"));
  answer(PasswordCheck::Verdict::wrong);
  EXPECT_THAT(wrong_methods, ElementsAre("totp"));
  EXPECT_THAT(front.asked.back(), HasSubstr("One-time code"));
  EXPECT_TRUE(handle->gate_shut());
  answer(PasswordCheck::Verdict::right);
  EXPECT_FALSE(handle->gate_shut());
  EXPECT_EQ(passwords.asked.size(), 1U);
  EXPECT_EQ(passwords.codes.size(), 2U);
}

TEST_F(ControlTest, ACodeOfAUserWhoDoesNotCountOpensNothing) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_TRUE(act(ControlAction::resume));
  ++clock.now;
  answer(PasswordCheck::Verdict::code_wanted);
  counts = false;
  answer(PasswordCheck::Verdict::right);
  EXPECT_TRUE(handle->gate_shut());
}

TEST_F(ControlTest, APasswordOfBeforeTheNextSuspendSavesNobodyThePassword) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_TRUE(act(ControlAction::resume));
  ++clock.now;
  answer(PasswordCheck::Verdict::code_wanted);
  ++clock.now;
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_TRUE(act(ControlAction::resume));
  ++clock.now;
  answer(PasswordCheck::Verdict::code_wanted);
  EXPECT_EQ(passwords.asked.size(), 2U);
  EXPECT_TRUE(passwords.codes.empty());
  EXPECT_TRUE(handle->gate_shut());
}

TEST_F(ControlTest, TooManyWrongPasswordsEndIt) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_TRUE(act(ControlAction::resume));
  answer(PasswordCheck::Verdict::wrong);
  EXPECT_EQ(ended, "");
  answer(PasswordCheck::Verdict::wrong);
  EXPECT_EQ(ended, "too many wrong passwords of a suspended session");
}

TEST_F(ControlTest, ARightPasswordOfALoginThatDoesNotCountOpensNothing) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_TRUE(act(ControlAction::resume));
  counts = false;
  ++clock.now;
  answer(PasswordCheck::Verdict::right);
  EXPECT_TRUE(handle->gate_shut());
  EXPECT_EQ(opened, 0U);
}

TEST_F(ControlTest, AnAnswerToNoQuestionEndsTheFront) {
  control.password(base::view(std::string_view("secret")));
  EXPECT_EQ(front.killed, "answer to no question");
  EXPECT_TRUE(passwords.asked.empty());
}

TEST_F(ControlTest, APasswordAskedForBeforeTheNextSuspendProvesNothing) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_TRUE(act(ControlAction::resume));
  control.password(base::view(std::string_view("secret")));
  EXPECT_TRUE(act(ControlAction::suspend));
  ++clock.now;
  passwords.answers.back()({PasswordCheck::Verdict::right, {}});
  EXPECT_TRUE(handle->gate_shut());
}

TEST_F(ControlTest, ATerminateEndsItAndHurriesAnEnd) {
  EXPECT_TRUE(act(ControlAction::terminate, "enough"));
  EXPECT_EQ(ended, "terminated by admin");
  EXPECT_EQ(killed, 0U);
  stage = SessionControl::Stage::ending;
  EXPECT_TRUE(act(ControlAction::terminate));
  EXPECT_EQ(killed, 1U);
  EXPECT_FALSE(act(ControlAction::message, "hello"));
}

TEST_F(ControlTest, AWatcherIsNotedAndGetsAScreen) {
  handle->watcher_left(handle->watcher_joined({"bob", "bob", false}, {}));
  EXPECT_THAT(notes, ElementsAre("watch by bob", "unwatch by bob"));
  EXPECT_EQ(keyframes, 1U);
}

}  // namespace
}  // namespace sallyport::broker
