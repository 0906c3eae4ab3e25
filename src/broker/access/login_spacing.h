// SPDX-License-Identifier: Apache-2.0
// Keeps failed logins at targets few and apart. All users share the gateway's address there: what a target does against
// an address that fails too often (sshd's PerSourcePenalties, fail2ban) would shut out everybody. Trusted side; any
// thread may call.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"

namespace sallyport::broker {

class LoginSpacing {
 public:
  /// After the first failure of an account at a target; doubled by each further one.
  static constexpr base::Micros kFirstWaitUs = 10'000'000;
  static constexpr base::Micros kLongestWaitUs = 600'000'000;
  /// Between two failures of different accounts at one target: OpenSSH's penalty for one is forgotten after five
  /// seconds.
  static constexpr base::Micros kTargetWaitUs = 6'000'000;
  /// Logins at a target, at a time, of accounts that have not been seen to work there.
  static constexpr unsigned kUnprovenAtOnce = 2;

  LoginSpacing() : state_(std::make_shared<State>()) {}

  /// One login at a target. What became of it is said at most once, and only as the target made it known: a user who
  /// leaves in the middle of a login must not be able to count as its failure.
  class Trial;

  struct Turn {
    std::unique_ptr<Trial> trial;  ///< go on; null: not now
    base::Micros wait_us = 0;      ///< ask again after so long: another login is under way, or has just failed
    unsigned failures = 0;         ///< not to be waited for: so many logins of this account failed in a row,
    base::Micros next_us = 0;      ///< and so long no other one is tried
  };
  Turn ask(const std::string& target, const std::string& account, base::Micros now_us);

  /// Something was changed that may make logins work: nothing that failed counts any more.
  void forget();

 private:
  struct Account {
    unsigned failures = 0;  // in a row
    bool proven = false;    // the last login worked
    base::Micros last_failure_us = 0;
    base::Micros not_before_us = 0;
  };
  struct Target {
    unsigned unproven = 0;  // logins under way
    bool failed = false;
    base::Micros last_failure_us = 0;
  };
  struct State {
    std::mutex mutex;
    std::map<std::pair<std::string, std::string>, Account> accounts;  // by target and account: no more than there are
    std::map<std::string, Target> targets;
  };
  std::shared_ptr<State> state_;
};

class LoginSpacing::Trial {
 public:
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void credential_used() { used_ = true; }
  void worked();
  void failed(base::Micros now_us);
  /// The target has closed the connection: a failure, if it had been given a credential.
  void closed(base::Micros now_us) {
    if (used_) failed(now_us);
  }

 private:
  friend class LoginSpacing;
  enum class Kind { proven, unproven };
  Trial(std::shared_ptr<State> state, std::string target, std::string account, base::Micros began_us, Kind kind)
      : state_(std::move(state)),
        target_(std::move(target)),
        account_(std::move(account)),
        began_us_(began_us),
        kind_(kind) {}
  void give_back();

  std::shared_ptr<State> state_;
  const std::string target_, account_;
  const base::Micros began_us_;
  const Kind kind_;
  bool used_ = false;
  bool over_ = false;
};

}  // namespace sallyport::broker
