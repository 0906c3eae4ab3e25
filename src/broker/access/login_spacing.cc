// SPDX-License-Identifier: Apache-2.0
// Failed logins, counted by target and account.
#include "broker/access/login_spacing.h"

#include <algorithm>

namespace sallyport::broker {

namespace {
constexpr base::Micros kAskAgainUs = 50'000;
}  // namespace

LoginSpacing::Turn LoginSpacing::ask(const std::string& target, const std::string& account, base::Micros now_us) {
  const std::lock_guard lock(state_->mutex);
  Account& own = state_->accounts[{target, account}];
  Turn turn;
  if (own.proven) {
    turn.trial.reset(new Trial(state_, target, account, now_us, Trial::Kind::proven));
    return turn;
  }
  if (own.failures > 0 && now_us < own.not_before_us) {
    turn.failures = own.failures;
    turn.next_us = own.not_before_us - now_us;
    return turn;
  }
  Target& there = state_->targets[target];
  if (there.unproven >= kUnprovenAtOnce) {
    turn.wait_us = kAskAgainUs;
  } else if (there.failed && now_us < there.last_failure_us + kTargetWaitUs) {
    turn.wait_us = there.last_failure_us + kTargetWaitUs - now_us;
  } else {
    ++there.unproven;
    turn.trial.reset(new Trial(state_, target, account, now_us, Trial::Kind::unproven));
  }
  return turn;
}

// Logins that are under way stay counted.
void LoginSpacing::forget() {
  const std::lock_guard lock(state_->mutex);
  state_->accounts.clear();
  for (auto& [name, target] : state_->targets) target.failed = false;
}

LoginSpacing::Trial::~Trial() {
  if (over_) return;
  const std::lock_guard lock(state_->mutex);
  give_back();
}

void LoginSpacing::Trial::worked() {
  if (over_) return;
  const std::lock_guard lock(state_->mutex);
  state_->accounts[{target_, account_}] = {.proven = true};
  give_back();
}

void LoginSpacing::Trial::failed(base::Micros now_us) {
  if (over_) return;
  const std::lock_guard lock(state_->mutex);
  Account& own = state_->accounts[{target_, account_}];
  // Several that were under way when the first one failed had no chance to know better.
  if (own.failures == 0 || began_us_ > own.last_failure_us) ++own.failures;
  own.proven = false;
  own.last_failure_us = now_us;
  const unsigned doublings = std::min(own.failures - 1, 16U);
  own.not_before_us = now_us + std::min(kLongestWaitUs, kFirstWaitUs << doublings);
  Target& there = state_->targets[target_];
  there.failed = true;
  there.last_failure_us = now_us;
  give_back();
}

// With the lock.
void LoginSpacing::Trial::give_back() {
  over_ = true;
  if (kind_ == Kind::unproven) --state_->targets[target_].unproven;
}

}  // namespace sallyport::broker
