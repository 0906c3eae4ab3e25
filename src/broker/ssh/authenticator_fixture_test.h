// SPDX-License-Identifier: Apache-2.0
// For tests: an authenticator on a loop, with judges of passwords and codes that answer when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/ssh/auth_requests_test.h"
#include "broker/ssh/authenticator.h"
#include "broker/ssh/broker_fixture_test.h"

namespace sallyport::broker {

inline const base::Bytes kSessionId(32, 's');
inline const base::Bytes kHostKey(51, 'h');

class FakeJudge final : public PasswordJudge {
 public:
  void judge(Question question) override {
    asked.push_back(question.source + " " + question.user + " " + base::to_text(question.password));
    question.password = {};
    open.push_back(std::move(question));
  }
  std::vector<std::string> asked;
  std::deque<Question> open;
};

class FakeCodes final : public CodeJudge {
 public:
  void judge(Question question) override {
    asked.push_back(question.source + " " + question.user + " " + base::to_text(question.code));
    question.code = {};
    open.push_back(std::move(question));
  }
  std::vector<std::string> asked;
  std::deque<Question> open;
};

class FakeInvitations final : public InvitationDesk {
 public:
  void judge(Question question) override {
    asked.push_back(base::to_text(question.code) + " " + question.key_fingerprint + " " +
                    base::to_text(question.password));
    question.code = {};
    question.password = {};
    open.push_back(std::move(question));
  }
  std::vector<std::string> asked;
  std::deque<Question> open;
};

class AuthenticatorTest : public BrokerFixture {
 protected:
  void SetUp() override {
    BrokerFixture::SetUp();
    limits_.auth_tries = 4;
    put_user("alice", {alice_key_.public_key().line("")});
    put_user("bob", {bob_key_.public_key().line("")}, true);
    connect();
  }
  void TearDown() override {
    on_loop([this] { authenticator_.reset(); });
    BrokerFixture::TearDown();
  }
  /// Another connection.
  void connect() {
    on_loop([this] {
      authenticator_ =
          std::make_unique<Authenticator>(Authenticator::Wiring{limits_, clock_, policy_, *preauth_audit_, *user_audit_,
                                                                judge_, codes_, remembered_, invitations_},
                                          thread_->loop(), "192.0.2.1:7", "192.0.2.1");
    });
    replies_.clear();
    identity_.reset();
  }
  Authenticator::Answer remember() {
    return [this](const ipc::AuthReply& reply, std::optional<Identity> identity) {
      replies_.push_back(reply);
      identity_ = std::move(identity);
    };
  }
  bool ask(const ipc::AuthRequest& request) {
    bool taken = false;
    on_loop([&] { taken = authenticator_->request(request, kSessionId, kHostKey, remember()); });
    return taken;
  }
  bool answer(const std::vector<std::string>& texts) {
    ipc::AuthAnswers answers;
    for (const std::string& text : texts) answers.add_answers(text);
    bool taken = false;
    on_loop([&] { taken = authenticator_->answers(answers, remember()); });
    return taken;
  }
  /// The judge answers the oldest question.
  void judged(const PasswordCheck::Judged& judged) {
    const PasswordJudge::Question question = std::move(judge_.open.front());
    judge_.open.pop_front();
    question.done(judged);
    on_loop([] {});
  }
  void judged_wrong() { judged({PasswordCheck::Verdict::wrong, {}}); }
  void judged_right() { judged({PasswordCheck::Verdict::right, *policy_.current()->incarnation_of("alice")}); }
  ipc::AuthReply last() const { return replies_.empty() ? ipc::AuthReply() : replies_.back(); }
  /// The last answer was a no.
  bool refused() const { return last().has_failure() && !identity_; }
  std::string last_reason() {
    const auto failures = audited("auth.failure");
    return failures.empty() ? "" : failures.back();
  }
  ipc::AuthRequest proof(const std::string& user = "alice") {
    return signed_by(alice_key_, query_of(user, alice_key_.public_key()), kSessionId, user);
  }

  config::Limits limits_;
  FakeJudge judge_;
  FakeCodes codes_;
  RememberedFactors remembered_;
  FakeInvitations invitations_;
  const keys::PrivateKey alice_key_ = make_key(), bob_key_ = make_key(), other_key_ = make_key();
  std::unique_ptr<Authenticator> authenticator_;
  std::vector<ipc::AuthReply> replies_;
  std::optional<Identity> identity_;
};

}  // namespace sallyport::broker
