// SPDX-License-Identifier: Apache-2.0
// The code after a key or a password: who is asked, when, and what comes of the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "broker/ssh/authenticator_fixture_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Verdict = CodeJudge::Judged::Verdict;

class SecondFactorTest : public AuthenticatorTest {
 protected:
  void SetUp() override {
    AuthenticatorTest::SetUp();
    enrol("alice");
  }
  void enrol(const std::string& user) {
    ASSERT_TRUE(store_->put_factor({user, "totp", 1, 0, 0, 0}));
    ASSERT_TRUE(policy_.reload(*store_));
  }
  void judged_code(CodeJudge::Judged judged) {
    const CodeJudge::Question question = std::move(codes_.open.front());
    codes_.open.pop_front();
    question.done(judged);
    on_loop([] {});
  }
  /// Up to the question for the code, by key.
  void key_then_asked() {
    EXPECT_TRUE(ask(proof(name_)));
    EXPECT_TRUE(last().failure().partial());
    EXPECT_TRUE(ask(prompts_of(name_)));
  }
  void log_in() {
    key_then_asked();
    EXPECT_TRUE(answer({"123456"}));
    judged_code({Verdict::right, "totp", 0});
  }
  /// A target that alice reaches by a policy with these seconds of memory; nullopt: it asks for no factor.
  void put_target(std::optional<std::int64_t> remember_seconds, bool with_factor = true) {
    policy::Target target;
    target.name = "web1";
    target.host = "127.0.0.1";
    put(target);
    policy::Account account;
    account.name = "deploy";
    account.targets.names = {"web1"};
    put(account);
    policy::Policy rule;
    rule.name = "p";
    rule.subjects.users = {"alice"};
    rule.targets.names = {"web1"};
    rule.accounts = {"deploy"};
    rule.allow.add(policy::Permission::shell);
    if (with_factor) rule.require.factors = {policy::Factor::totp};
    rule.require.remember_seconds = remember_seconds;
    put(rule);
  }
  std::string name_ = "alice";
};

TEST_F(SecondFactorTest, AKeyIsPartOfItAndACodeTheRest) {
  EXPECT_TRUE(ask(query_of("alice", alice_key_.public_key())));
  EXPECT_TRUE(last().has_key_acceptable());
  EXPECT_TRUE(ask(proof()));
  EXPECT_FALSE(identity_);
  EXPECT_TRUE(last().failure().partial());
  EXPECT_THAT(last().failure().methods(), ElementsAre("keyboard-interactive"));
  EXPECT_THAT(audited("auth.partial"), SizeIs(1));
  EXPECT_TRUE(ask(prompts_of("alice")));
  ASSERT_EQ(last().prompts().prompt_size(), 1);
  EXPECT_EQ(last().prompts().prompt(0).text(), "One-time code: ");
  EXPECT_FALSE(last().prompts().prompt(0).echo());
  EXPECT_TRUE(answer({"123456"}));
  EXPECT_THAT(codes_.asked, ElementsAre("192.0.2.1 alice 123456"));
  EXPECT_FALSE(identity_) << "nobody has judged it";
  clock_.now += 5;
  judged_code({Verdict::right, "totp", 0});
  ASSERT_TRUE(identity_);
  EXPECT_EQ(identity_->method, "publickey " + alice_key_.public_key().fingerprint() + " and totp");
  ASSERT_EQ(identity_->factors.size(), 1U);
  EXPECT_EQ(identity_->factors[0].kind, policy::FactorProof::Kind::by_this_login);
  EXPECT_EQ(identity_->factors[0].proved_us, clock_.now);
  EXPECT_FALSE(authenticator_->awaits_code());
  EXPECT_THAT(audited("auth.success"), ElementsAre(HasSubstr("and totp")));
}

TEST_F(SecondFactorTest, APasswordIsPartOfIt) {
  EXPECT_TRUE(ask(password_of("alice", "correct horse")));
  judged_right();
  EXPECT_TRUE(last().failure().partial());
  EXPECT_FALSE(identity_);
  EXPECT_TRUE(ask(prompts_of("alice")));
  EXPECT_TRUE(answer({"abcd-efgh-2345-mnop"}));
  judged_code({Verdict::right, "recovery-code", 0});
  ASSERT_TRUE(identity_);
  EXPECT_EQ(identity_->method, "password and recovery-code");
}

TEST_F(SecondFactorTest, PromptsGoOnFromThePasswordToTheCode) {
  EXPECT_TRUE(ask(prompts_of("alice")));
  EXPECT_EQ(last().prompts().prompt(0).text(), "Password: ");
  EXPECT_TRUE(answer({"correct horse"}));
  judged_right();
  ASSERT_TRUE(last().has_prompts());
  EXPECT_EQ(last().prompts().prompt(0).text(), "One-time code: ");
  EXPECT_TRUE(answer({"123456"}));
  EXPECT_THAT(judge_.asked, SizeIs(1)) << "the code is no password";
  judged_code({Verdict::right, "totp", 0});
  ASSERT_TRUE(identity_);
  EXPECT_EQ(identity_->method, "keyboard-interactive and totp");
}

TEST_F(SecondFactorTest, WhoIsEnrolledShowsOnlyAfterTheFirstIsRight) {
  put_user("carol", {bob_key_.public_key().line("")});
  const auto answers_to = [this](const std::string& user) {
    connect();
    std::vector<std::string> out;
    const auto note = [&] { out.push_back(last().SerializeAsString()); };
    EXPECT_TRUE(ask(none_of(user)));
    note();
    EXPECT_TRUE(ask(query_of(user, other_key_.public_key())));
    note();
    EXPECT_TRUE(ask(prompts_of(user)));
    note();
    EXPECT_TRUE(answer({"a guess"}));
    judged_wrong();
    note();
    EXPECT_TRUE(ask(password_of(user, "a guess")));
    judged_wrong();
    note();
    return out;
  };
  const auto enrolled = answers_to("alice");
  EXPECT_EQ(answers_to("carol"), enrolled);
  EXPECT_EQ(answers_to("nobody"), enrolled);
  EXPECT_THAT(codes_.asked, IsEmpty());
}

TEST_F(SecondFactorTest, NothingButTheCodeIsTakenNow) {
  EXPECT_TRUE(ask(proof()));
  EXPECT_TRUE(ask(proof()));
  EXPECT_TRUE(refused());
  EXPECT_FALSE(last().failure().partial());
  EXPECT_THAT(last().failure().methods(), ElementsAre("keyboard-interactive"));
  EXPECT_TRUE(ask(password_of("alice", "correct horse")));
  EXPECT_TRUE(refused());
  EXPECT_THAT(judge_.asked, IsEmpty());
  EXPECT_THAT(last_reason(), HasSubstr("a one-time code is due"));
}

TEST_F(SecondFactorTest, AnotherNameBeginsAnew) {
  put_user("carol", {bob_key_.public_key().line("")});
  enrol("carol");
  EXPECT_TRUE(ask(proof()));
  EXPECT_TRUE(ask(prompts_of("carol")));
  EXPECT_EQ(last().prompts().prompt(0).text(), "Password: ");
  EXPECT_TRUE(answer({"123456"}));
  EXPECT_THAT(codes_.asked, IsEmpty());
  judged_wrong();
  EXPECT_TRUE(ask(prompts_of("alice")));
  EXPECT_EQ(last().prompts().prompt(0).text(), "Password: ") << "what was proved is gone";
}

TEST_F(SecondFactorTest, AWrongCodeCostsATryAndIsToldWhy) {
  key_then_asked();
  for (unsigned left = limits_.auth_tries; left > 0; --left) {
    EXPECT_FALSE(last().disconnect());
    EXPECT_TRUE(answer({"000000"}));
    judged_code({Verdict::wrong, {}, left == 1 ? 30'000'000 : 0});
    EXPECT_TRUE(refused());
    EXPECT_THAT(last().failure().methods(), ElementsAre("keyboard-interactive"));
    if (left == 1) break;
    EXPECT_TRUE(ask(prompts_of("alice")));
    EXPECT_EQ(last().prompts().instruction(), "Sallyport: That code is not right.");
  }
  EXPECT_TRUE(last().disconnect());
  EXPECT_FALSE(ask(prompts_of("alice")));
  EXPECT_THAT(audited("auth.failure"), SizeIs(limits_.auth_tries));
  EXPECT_THAT(last_reason(), HasSubstr("wrong code"));
  EXPECT_THAT(last_reason(), HasSubstr("\"method\":\"totp\""));
}

TEST_F(SecondFactorTest, ACodeThatNobodyJudgedIsNoRightOne) {
  for (const Verdict verdict : {Verdict::used, Verdict::too_soon, Verdict::not_judged}) {
    connect();
    key_then_asked();
    EXPECT_TRUE(answer({"123456"}));
    judged_code({verdict, "totp", 1});
    EXPECT_TRUE(refused());
    EXPECT_TRUE(authenticator_->awaits_code());
  }
}

TEST_F(SecondFactorTest, AUserWhoIsChangedMeanwhileIsRefused) {
  key_then_asked();
  EXPECT_TRUE(answer({"123456"}));
  put_user("alice", {other_key_.public_key().line("")});
  judged_code({Verdict::right, "totp", 0});
  EXPECT_TRUE(refused());
  EXPECT_THAT(last_reason(), HasSubstr("changed meanwhile"));
  EXPECT_EQ(remembered_.size(), 0U);
}

TEST_F(SecondFactorTest, OneThingAtATimeAndNoneForWhoHasLeft) {
  key_then_asked();
  EXPECT_TRUE(answer({"123456"}));
  EXPECT_FALSE(answer({"123456"}));
  EXPECT_FALSE(ask(prompts_of("alice")));
  EXPECT_TRUE(codes_.open.front().wanted());
  on_loop([this] { authenticator_.reset(); });
  EXPECT_FALSE(codes_.open.front().wanted());
  judged_code({Verdict::right, "totp", 0});
  EXPECT_FALSE(identity_);
}

TEST_F(SecondFactorTest, TheInnerLegOfAJumpIsAskedForACodeAlone) {
  Identity outer{"alice", "publickey SHA256:x", policy::Destination{"deploy", "web1", 0}, clock_.now};
  outer.incarnation = *policy_.current()->incarnation_of("alice");
  const auto ask_inside = [&](const ipc::AuthRequest& request) {
    on_loop([&] { authenticator_->inherit(outer, "deploy"); });
    return ask(request);
  };
  EXPECT_TRUE(ask_inside(none_of("deploy")));
  EXPECT_THAT(last().failure().methods(), ElementsAre("keyboard-interactive"));
  EXPECT_TRUE(ask_inside(password_of("deploy", "correct horse")));
  EXPECT_TRUE(refused());
  EXPECT_THAT(judge_.asked, IsEmpty());
  EXPECT_TRUE(ask_inside(prompts_of("deploy")));
  EXPECT_TRUE(answer({"123456"}));
  EXPECT_THAT(codes_.asked, ElementsAre("192.0.2.1 alice 123456"));
  judged_code({Verdict::right, "totp", 0});
  ASSERT_TRUE(identity_ && identity_->destination);
  EXPECT_EQ(identity_->user, "alice");
  EXPECT_EQ(identity_->destination->target, "web1");
  EXPECT_EQ(identity_->method, "publickey SHA256:x and totp");
  EXPECT_EQ(remembered_.size(), 0U) << "no key and no password was proved here";
}

TEST_F(SecondFactorTest, ARememberedCodeServesWhereThePolicySaysSo) {
  put_target(600);
  name_ = "alice@deploy@web1";
  log_in();
  ASSERT_TRUE(identity_);
  const base::Micros proved = clock_.now;
  clock_.now += 599'000'000;
  connect();
  EXPECT_TRUE(ask(proof(name_)));
  ASSERT_TRUE(identity_);
  ASSERT_EQ(identity_->factors.size(), 1U);
  EXPECT_EQ(identity_->factors[0].kind, policy::FactorProof::Kind::remembered);
  EXPECT_EQ(identity_->factors[0].proved_us, proved);
  EXPECT_THAT(identity_->method, HasSubstr("totp (remembered)"));
  EXPECT_THAT(audited("auth.success").back(), HasSubstr("\"remembered_seconds\":599"));
  clock_.now += 1'000'000;
  connect();
  EXPECT_TRUE(ask(proof(name_)));
  EXPECT_TRUE(last().failure().partial()) << "a login that used it does not make it younger";
}

TEST_F(SecondFactorTest, ARememberedCodeIsForThatKeyAndThatTargetAlone) {
  put_target(600);
  name_ = "alice@deploy@web1";
  log_in();
  connect();
  EXPECT_TRUE(ask(proof("alice")));
  EXPECT_TRUE(last().failure().partial()) << "no target, no policy";
  connect();
  EXPECT_TRUE(ask(proof("alice@root@web1")));
  EXPECT_TRUE(last().failure().partial()) << "no policy for that account";
  connect();
  EXPECT_TRUE(ask(password_of(name_, "correct horse")));
  judged_right();
  EXPECT_TRUE(last().failure().partial()) << "a password is another login";
  for (const bool with_factor : {true, false}) {
    put_target(std::nullopt, with_factor);
    connect();
    EXPECT_TRUE(ask(proof(name_)));
    EXPECT_TRUE(last().failure().partial()) << "the policy remembers nothing";
  }
}

TEST_F(SecondFactorTest, ASuspendedSessionAsksAnEnrolledUserForTheCodeToo) {
  std::vector<PasswordCheck::Judged> heard;
  const auto done = [&](const PasswordCheck::Judged& judged) { heard.push_back(judged); };
  on_loop([&] { authenticator_->check_again("alice", base::view("correct horse"), done); });
  judged_right();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].verdict, PasswordCheck::Verdict::code_wanted);
  EXPECT_EQ(heard[0].incarnation.life, policy_.current()->incarnation_of("alice")->life);
  for (const auto& [verdict, expected] :
       std::map<Verdict, PasswordCheck::Verdict>{{Verdict::wrong, PasswordCheck::Verdict::wrong},
                                                 {Verdict::used, PasswordCheck::Verdict::wrong},
                                                 {Verdict::too_soon, PasswordCheck::Verdict::wrong},
                                                 {Verdict::not_judged, PasswordCheck::Verdict::not_judged},
                                                 {Verdict::right, PasswordCheck::Verdict::right}}) {
    on_loop([&] { authenticator_->check_code("alice", base::view("123456"), done); });
    judged_code({verdict, "totp", 0});
    EXPECT_EQ(heard.back().verdict, expected);
    EXPECT_EQ(heard.back().text.empty(), verdict == Verdict::right || verdict == Verdict::too_soon)
        << heard.back().text;
  }
  EXPECT_EQ(codes_.asked.back(), "192.0.2.1 alice 123456");
}

}  // namespace
}  // namespace sallyport::broker
