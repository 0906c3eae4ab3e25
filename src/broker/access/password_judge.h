// SPDX-License-Identifier: Apache-2.0
// Judges the passwords of users, away from the session loops. Trusted side. A password of an unknown or a disabled user
// costs what one of a known user costs.
#pragma once

#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "broker/access/identity.h"
#include "broker/access/policy_state.h"
#include "broker/intake/guess_queue.h"
#include "identity/password.h"
#include "net/executor.h"
#include "store/store.h"

namespace sallyport::broker {

class PasswordJudge {
 public:
  struct Question {
    std::string source;       ///< whose guess it is, as Admission::source_of() names it
    std::string user;         ///< may be nobody's name
    base::ByteView password;  ///< copied at once
    std::function<bool()> wanted;
    std::function<void(const PasswordCheck::Judged&)> done;
  };

  virtual ~PasswordJudge() = default;
  /// done() is called once, on any thread, unless wanted() says no when the question's turn comes. Both may be called
  /// after the judge has gone. not_judged: too many passwords wait.
  virtual void judge(Question question) = 0;
};

/// Against the hashes in the store.
class StoredPasswords final : public PasswordJudge {
 public:
  struct Wiring {
    store::Store& store;
    net::Executor& store_thread;
    const PolicyHolder& policy;
    const identity::Passwords& passwords;
    GuessQueue& guesses;
    const base::Clock& clock;
  };
  /// What the wiring names outlives every question.
  explicit StoredPasswords(const Wiring& wiring) : wiring_(wiring) {}

  void judge(Question question) override;

 private:
  const Wiring wiring_;
};

}  // namespace sallyport::broker
