// SPDX-License-Identifier: Apache-2.0
// Taking up an invitation, message by message: with a key, with a new password, and what does not do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/ssh/authenticator_fixture_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using Verdict = InvitationDesk::Judged::Verdict;

class InvitationLoginTest : public AuthenticatorTest {
 protected:
  static ipc::AuthRequest keyboard() {
    ipc::AuthRequest out;
    out.set_user("invite");
    out.set_service("ssh-connection");
    out.set_method("keyboard-interactive");
    out.mutable_keyboard_interactive();
    return out;
  }
  void desk_says(const InvitationDesk::Judged& judged) {
    const InvitationDesk::Question question = std::move(invitations_.open.front());
    invitations_.open.pop_front();
    question.done(judged);
    on_loop([] {});
  }
  InvitationDesk::Judged taken() { return {Verdict::right, "alice", *policy_.current()->incarnation_of("alice")}; }
  std::vector<std::string> prompts() const {
    std::vector<std::string> out;
    const auto reply = last();
    for (const auto& one : reply.prompts().prompt()) out.push_back(one.text());
    return out;
  }
};

TEST_F(InvitationLoginTest, AProvedKeyAndTheCodeTakeItUp) {
  EXPECT_TRUE(ask(query_of("invite", other_key_.public_key())));
  EXPECT_TRUE(last().has_key_acceptable()) << "any key will do";
  EXPECT_TRUE(ask(signed_by(other_key_, query_of("invite", other_key_.public_key()), kSessionId, "invite")));
  EXPECT_TRUE(last().failure().partial());
  EXPECT_THAT(last().failure().methods(), ElementsAre("keyboard-interactive"));
  EXPECT_TRUE(ask(keyboard()));
  EXPECT_THAT(prompts(), ElementsAre("Invitation code: "));
  EXPECT_TRUE(answer({"the-code"}));
  EXPECT_THAT(invitations_.asked, ElementsAre("the-code publickey " + other_key_.public_key().fingerprint() + " "));
  desk_says(taken());
  ASSERT_TRUE(identity_);
  EXPECT_EQ(identity_->user, "alice");
  EXPECT_THAT(identity_->method, EndsWith(" and invitation"));
  EXPECT_THAT(last().banner(), HasSubstr("log in as 'alice'"));
}

TEST_F(InvitationLoginTest, AKeyThatIsNotProvedIsNotBound) {
  ipc::AuthRequest forged = signed_by(alice_key_, query_of("invite", other_key_.public_key()), kSessionId, "invite");
  EXPECT_TRUE(ask(forged));
  EXPECT_TRUE(refused());
  EXPECT_FALSE(last().failure().partial());
  EXPECT_TRUE(ask(keyboard()));
  EXPECT_TRUE(answer({"the-code"}));
  EXPECT_THAT(invitations_.asked, ElementsAre("the-code  ")) << "without a key";
}

TEST_F(InvitationLoginTest, WithoutAKeyAPasswordIsChosenTwice) {
  EXPECT_TRUE(ask(keyboard()));
  EXPECT_TRUE(answer({"the-code"}));
  EXPECT_FALSE(authenticator_->awaits_code());
  desk_says({Verdict::right});
  EXPECT_TRUE(authenticator_->awaits_code());
  EXPECT_THAT(prompts(), ElementsAre("New password: ", "The same again: "));
  EXPECT_TRUE(answer({"correct horse", "correct hose"}));
  EXPECT_THAT(last().prompts().instruction(), HasSubstr("not the same"));
  EXPECT_TRUE(answer({"short", "short"}));
  EXPECT_THAT(last().prompts().instruction(), HasSubstr("a password has"));
  EXPECT_TRUE(answer({"correct horse", "correct horse"}));
  EXPECT_THAT(invitations_.asked, ElementsAre("the-code  ", "the-code  correct horse"));
  desk_says(taken());
  ASSERT_TRUE(identity_);
  EXPECT_EQ(identity_->method, "password and invitation");
}

TEST_F(InvitationLoginTest, AWrongCodeIsATryAndTheLastOneEndsIt) {
  for (unsigned i = 0; i < limits_.auth_tries; ++i) {
    ASSERT_TRUE(ask(keyboard())) << i;
    ASSERT_TRUE(answer({"guess"})) << i;
    desk_says({Verdict::wrong});
    EXPECT_TRUE(refused());
  }
  EXPECT_TRUE(last().disconnect());
  EXPECT_FALSE(ask(keyboard()));
  EXPECT_FALSE(identity_);
}

TEST_F(InvitationLoginTest, ACodeThatWasRevokedMeanwhileLetsNobodyIn) {
  EXPECT_TRUE(ask(keyboard()));
  EXPECT_TRUE(answer({"the-code"}));
  desk_says({Verdict::right});
  EXPECT_TRUE(answer({"correct horse", "correct horse"}));
  desk_says({Verdict::wrong});
  EXPECT_TRUE(refused());
  EXPECT_FALSE(authenticator_->awaits_code());
}

TEST_F(InvitationLoginTest, AnotherUserNameForgetsWhatWasShown) {
  EXPECT_TRUE(ask(signed_by(other_key_, query_of("invite", other_key_.public_key()), kSessionId, "invite")));
  ipc::AuthRequest alice = keyboard();
  alice.set_user("alice");
  EXPECT_TRUE(ask(alice));
  EXPECT_THAT(prompts(), ElementsAre("Password: "));
  EXPECT_TRUE(ask(keyboard()));
  EXPECT_TRUE(answer({"the-code"}));
  EXPECT_THAT(invitations_.asked, ElementsAre("the-code  "));
}

}  // namespace
}  // namespace sallyport::broker
