// SPDX-License-Identifier: Apache-2.0
// Who a connection's user is, with a judge of passwords that answers when the test says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "broker/ssh/authenticator_fixture_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST_F(AuthenticatorTest, WhoMayNotLogInIsAnsweredLikeWhoMay) {
  const auto answers_to = [this](const std::string& user, const keys::PrivateKey& key) {
    connect();
    std::vector<std::string> out;
    const auto note = [&] { out.push_back(last().SerializeAsString()); };
    EXPECT_TRUE(ask(none_of(user)));
    note();
    EXPECT_TRUE(ask(query_of(user, key.public_key())));
    note();
    EXPECT_TRUE(ask(signed_by(key, query_of(user, key.public_key()), kSessionId, user)));
    note();
    EXPECT_TRUE(ask(password_of(user, "a guess")));
    judged_wrong();
    note();
    EXPECT_TRUE(ask(prompts_of(user)));
    note();
    EXPECT_TRUE(answer({"another"}));
    judged_wrong();
    note();
    EXPECT_FALSE(ask(password_of(user, "one too many")));
    return out;
  };
  const auto known = answers_to("alice", other_key_);
  EXPECT_TRUE(last().disconnect());
  EXPECT_EQ(answers_to("nobody", other_key_), known);
  EXPECT_EQ(answers_to("bob", bob_key_), known) << "disabled, with the right key";
  EXPECT_EQ(answers_to("alice@", other_key_), known) << "a name that does not parse";
  EXPECT_EQ(answers_to(std::string(3000, 'a'), other_key_), known);
  EXPECT_THAT(judge_.asked, SizeIs(10)) << "each password costs what a known user's does";
}

TEST_F(AuthenticatorTest, AKeyIsAskedForAndThenProves) {
  EXPECT_TRUE(ask(query_of("alice", alice_key_.public_key())));
  ASSERT_TRUE(last().has_key_acceptable());
  EXPECT_EQ(last().key_acceptable().algorithm(), "ssh-ed25519");
  EXPECT_EQ(last().key_acceptable().blob(), base::to_text(alice_key_.public_key().blob()));
  EXPECT_FALSE(identity_) << "a question proves nothing";
  EXPECT_TRUE(ask(proof()));
  ASSERT_TRUE(identity_);
  EXPECT_TRUE(last().success().needs_menu());
  EXPECT_EQ(identity_->user, "alice");
  EXPECT_EQ(identity_->method, "publickey " + alice_key_.public_key().fingerprint());
  EXPECT_EQ(identity_->incarnation, *policy_.current()->incarnation_of("alice"));
  EXPECT_EQ(identity_->proved_us, clock_.now);
  EXPECT_THAT(audited("auth.success"), ElementsAre(HasSubstr("\"actor\":\"alice\"")));
  EXPECT_THAT(audited("auth.failure"), IsEmpty());
}

TEST_F(AuthenticatorTest, TheNameSaysWhereTo) {
  EXPECT_TRUE(ask(proof("alice@deploy@web1")));
  ASSERT_TRUE(identity_ && identity_->destination);
  EXPECT_FALSE(last().success().needs_menu());
  EXPECT_EQ(identity_->destination->account, "deploy");
  EXPECT_EQ(identity_->destination->target, "web1");
}

TEST_F(AuthenticatorTest, ASignatureIsForThisConnectionAndThisName) {
  const auto query = query_of("alice", alice_key_.public_key());
  EXPECT_TRUE(ask(signed_by(alice_key_, query, base::Bytes(32, 't'), "alice")));
  EXPECT_TRUE(refused()) << "another session's id";
  EXPECT_TRUE(ask(signed_by(alice_key_, query, kSessionId, "alice@root@web1")));
  EXPECT_TRUE(refused()) << "another name";
  EXPECT_TRUE(ask(signed_by(other_key_, query, kSessionId, "alice")));
  EXPECT_TRUE(refused()) << "another key";
}

TEST_F(AuthenticatorTest, ABoundSignatureIsForThisHostKey) {
  auto query = query_of("alice", alice_key_.public_key());
  query.mutable_public_key()->set_hostbound(true);
  query.mutable_public_key()->set_host_key(std::string(51, 'x'));
  EXPECT_TRUE(ask(signed_by(alice_key_, query, kSessionId, "alice")));
  EXPECT_TRUE(refused());
  EXPECT_THAT(last_reason(), HasSubstr("bound to another host key"));
  query.mutable_public_key()->set_host_key(base::to_text(kHostKey));
  EXPECT_TRUE(ask(signed_by(alice_key_, query, kSessionId, "alice")));
  EXPECT_TRUE(identity_);
}

TEST_F(AuthenticatorTest, AnAlgorithmThatIsNotTheKeysIsRefusedWhenAskedFor) {
  for (const char* algorithm : {"rsa-sha2-512", "ecdsa-sha2-nistp256", "ssh-rsa", ""}) {
    connect();
    const auto query = query_of("alice", alice_key_.public_key(), algorithm);
    EXPECT_TRUE(ask(query));
    EXPECT_TRUE(refused()) << algorithm;
    EXPECT_TRUE(ask(signed_by(alice_key_, query, kSessionId, "alice")));
    EXPECT_TRUE(refused()) << algorithm;
    EXPECT_THAT(last_reason(), HasSubstr("not one of this key's")) << algorithm;
  }
}

TEST_F(AuthenticatorTest, TriesAreCountedAndThenItIsOver) {
  for (unsigned i = 1; i <= limits_.auth_tries; ++i) {
    EXPECT_TRUE(ask(query_of("alice", other_key_.public_key())));
    EXPECT_EQ(last().disconnect(), i == limits_.auth_tries) << i;
  }
  EXPECT_FALSE(ask(proof())) << "the right key comes too late";
  EXPECT_FALSE(answer({"text"}));
  EXPECT_FALSE(identity_);
  EXPECT_THAT(audited("auth.failure"), SizeIs(limits_.auth_tries));
}

TEST_F(AuthenticatorTest, AnotherNameHasNoTriesOfItsOwn) {
  for (unsigned i = 0; i < limits_.auth_tries; ++i) {
    EXPECT_TRUE(ask(query_of("user" + std::to_string(i), other_key_.public_key())));
  }
  EXPECT_TRUE(last().disconnect());
  EXPECT_FALSE(ask(proof()));
}

TEST_F(AuthenticatorTest, OnlyTheFirstNoneIsFree) {
  EXPECT_TRUE(ask(none_of("alice")));
  EXPECT_THAT(last().failure().methods(), ElementsAre("publickey", "password", "keyboard-interactive"));
  EXPECT_THAT(audited("auth.failure"), IsEmpty());
  for (unsigned i = 0; i < limits_.auth_tries; ++i) EXPECT_TRUE(ask(none_of("alice")));
  EXPECT_TRUE(last().disconnect());
  EXPECT_FALSE(ask(none_of("alice")));
}

TEST_F(AuthenticatorTest, QuestionsCostNoTryButHaveABound) {
  for (unsigned i = 0; i < 2 * limits_.auth_tries; ++i) {
    EXPECT_TRUE(ask(i % 2 == 0 ? query_of("alice", alice_key_.public_key()) : prompts_of("alice")));
    EXPECT_FALSE(last().has_failure()) << i;
  }
  EXPECT_TRUE(ask(query_of("alice", alice_key_.public_key())));
  EXPECT_TRUE(refused());
  EXPECT_TRUE(last().disconnect());
  EXPECT_FALSE(ask(proof()));
}

TEST_F(AuthenticatorTest, APasswordMayFollowARefusedKey) {
  EXPECT_TRUE(ask(query_of("alice", other_key_.public_key())));
  EXPECT_TRUE(refused());
  EXPECT_TRUE(ask(password_of("alice", "correct horse")));
  EXPECT_THAT(judge_.asked, ElementsAre("192.0.2.1 alice correct horse"));
  EXPECT_THAT(replies_, SizeIs(1)) << "no answer before the judge's";
  judged_right();
  ASSERT_TRUE(identity_);
  EXPECT_EQ(identity_->method, "password");
  EXPECT_EQ(identity_->incarnation, *policy_.current()->incarnation_of("alice"));
}

TEST_F(AuthenticatorTest, OneThingAtATimeIsJudged) {
  EXPECT_TRUE(ask(prompts_of("alice")));
  EXPECT_TRUE(answer({"a guess"}));
  EXPECT_FALSE(ask(proof()));
  EXPECT_FALSE(answer({"a guess"}));
  EXPECT_THAT(judge_.asked, SizeIs(1));
  judged_wrong();
  EXPECT_TRUE(ask(proof()));
  EXPECT_TRUE(identity_);
}

TEST_F(AuthenticatorTest, APasswordThatNobodyJudgedIsNoRightOne) {
  EXPECT_TRUE(ask(password_of("alice", "correct horse")));
  judged({PasswordCheck::Verdict::not_judged, *policy_.current()->incarnation_of("alice")});
  EXPECT_TRUE(refused());
  EXPECT_THAT(last_reason(), HasSubstr("too many passwords wait"));
}

TEST_F(AuthenticatorTest, AnswersAreToPromptsThatWereJustAsked) {
  EXPECT_FALSE(answer({"correct horse"})) << "nothing was asked";
  EXPECT_TRUE(ask(prompts_of("alice")));
  ASSERT_EQ(last().prompts().prompt_size(), 1);
  EXPECT_FALSE(last().prompts().prompt(0).echo());
  EXPECT_TRUE(ask(query_of("alice", other_key_.public_key())));
  EXPECT_FALSE(answer({"correct horse"})) << "something else came between";
  EXPECT_TRUE(ask(prompts_of("alice")));
  EXPECT_TRUE(answer({"correct", "horse"}));
  EXPECT_TRUE(refused()) << "one question, two answers";
  EXPECT_THAT(judge_.asked, IsEmpty());
  EXPECT_TRUE(ask(prompts_of("alice")));
  EXPECT_TRUE(answer({"correct horse"}));
  judged_right();
  ASSERT_TRUE(identity_);
  EXPECT_EQ(identity_->method, "keyboard-interactive");
}

TEST_F(AuthenticatorTest, WhatIsNoLoginHereIsRefused) {
  auto other_service = proof();
  other_service.set_service("ssh-userauth");
  EXPECT_TRUE(ask(other_service));
  EXPECT_TRUE(refused());
  auto change = password_of("alice", "correct horse");
  change.mutable_password()->set_change(true);
  EXPECT_TRUE(ask(change));
  EXPECT_TRUE(refused());
  EXPECT_TRUE(ask(request_of("alice", "gssapi-with-mic")));
  EXPECT_TRUE(refused());
  EXPECT_THAT(judge_.asked, IsEmpty());
}

TEST_F(AuthenticatorTest, AUserWhoIsChangedBetweenProofAndUseIsRefused) {
  EXPECT_TRUE(ask(password_of("alice", "correct horse")));
  const PasswordCheck::Judged right{PasswordCheck::Verdict::right, *policy_.current()->incarnation_of("alice")};
  put_user("alice", {other_key_.public_key().line("")});
  judged(right);
  EXPECT_TRUE(refused());
  EXPECT_THAT(last_reason(), HasSubstr("changed meanwhile"));
  EXPECT_THAT(audited("auth.success"), IsEmpty());
}

TEST_F(AuthenticatorTest, AKeyThatIsTakenAwayAfterTheQuestionProvesNothing) {
  EXPECT_TRUE(ask(query_of("alice", alice_key_.public_key())));
  EXPECT_TRUE(last().has_key_acceptable());
  put_user("alice", {other_key_.public_key().line("")});
  EXPECT_TRUE(ask(proof()));
  EXPECT_TRUE(refused());
}

TEST_F(AuthenticatorTest, AUserWhoIsDisabledAfterTheQuestionIsRefused) {
  EXPECT_TRUE(ask(query_of("alice", alice_key_.public_key())));
  put_user("alice", {alice_key_.public_key().line("")}, true);
  EXPECT_TRUE(ask(proof()));
  EXPECT_TRUE(refused());
}

TEST_F(AuthenticatorTest, WhoHasLeftIsToldNothingAndWantsNothing) {
  EXPECT_TRUE(ask(password_of("alice", "correct horse")));
  EXPECT_TRUE(judge_.open.front().wanted());
  on_loop([this] { authenticator_.reset(); });
  EXPECT_FALSE(judge_.open.front().wanted());
  judged_right();
  EXPECT_THAT(replies_, IsEmpty());
  EXPECT_THAT(audited("auth.success"), IsEmpty());
}

TEST_F(AuthenticatorTest, ASuspendedSessionAsksTheSameJudge) {
  std::optional<PasswordCheck::Verdict> verdict;
  on_loop([&] {
    authenticator_->check_again("alice", base::view("correct horse"),
                                [&](const PasswordCheck::Judged& judged) { verdict = judged.verdict; });
  });
  EXPECT_THAT(judge_.asked, ElementsAre("192.0.2.1 alice correct horse"));
  judged_wrong();
  EXPECT_EQ(verdict, PasswordCheck::Verdict::wrong);
  EXPECT_THAT(audited("auth.failure"), IsEmpty()) << "the session says it";
}

TEST_F(AuthenticatorTest, WhatAStrangerWritesIntoTheAuditLogIsCut) {
  auto request = request_of(std::string(5000, 'u'), std::string(5000, 'm'));
  EXPECT_TRUE(ask(request));
  EXPECT_LT(last_reason().size(), 1000U);
  EXPECT_THAT(last_reason(), StartsWith("{\"actor\":\"\""));
}

}  // namespace
}  // namespace sallyport::broker
