// SPDX-License-Identifier: Apache-2.0
// One try to sign in to the portal, or to prove again who one is: a password, and the code of whoever is enrolled.
// Trusted side, on a session loop. An unknown user looks like a wrong password, in words and in time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "broker/access/code_judge.h"
#include "broker/access/password_judge.h"
#include "broker/access/policy_state.h"
#include "broker/intake/preauth_audit.h"
#include "broker/node/user_audit.h"
#include "broker/web/problem.h"
#include "config/config.h"
#include "net/loop.h"

namespace sallyport::broker::web {

class SignInAttempt : public std::enable_shared_from_this<SignInAttempt> {
 public:
  struct Wiring {
    const config::Auth& auth;
    const PolicyHolder& policy;
    PreauthAudit& preauth_audit;
    UserAudit& user_audit;
    PasswordJudge& passwords;
    CodeJudge& codes;
  };
  struct Asked {
    std::string login;  ///< as it came: a name, or an e-mail address
    base::SecretBytes password;
    base::SecretBytes code;  ///< empty: none was given
    std::string source;
    std::string source_host;
  };
  struct Outcome {
    bool good = false;
    Problem problem = {};
    std::string user = {};
    store::Incarnation incarnation = {};
    std::string method = {};
  };
  using Done = std::function<void(const Outcome&)>;

  SignInAttempt(const Wiring& wiring, net::Loop& loop, Asked asked, Done done)
      : wiring_(wiring), loop_(loop), asked_(std::move(asked)), done_(std::move(done)) {}

  /// done() on the loop, once, unless abandon() came before.
  void start();
  void abandon() { wanted_ = false; }

 private:
  void password_judged(const PasswordCheck::Judged& judged);
  void code_judged(const CodeJudge::Judged& judged);
  void refuse(const std::string& why, Problem problem);
  void accept();
  void finish(Outcome outcome);

  const Wiring wiring_;
  net::Loop& loop_;
  Asked asked_;
  Done done_;
  std::atomic<bool> wanted_ = true;
  std::string user_;
  std::string method_ = "password";
  store::Incarnation incarnation_;
};

}  // namespace sallyport::broker::web
