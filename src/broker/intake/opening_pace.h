// SPDX-License-Identifier: Apache-2.0
// How fast one user may open sessions: each costs a record and several events of the audit log, which are never
// withheld. A user who opens faster waits. Trusted side; any thread may call.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "broker/node/allowance.h"

namespace sallyport::broker {

class OpeningPace {
 public:
  /// A playbook that runs over hundreds of targets does not wait.
  static constexpr Allowance::Rate kPerUser{500, 100'000};

  /// 0: this one may open now, and is counted; else how long to wait before asking again.
  base::Micros ask(const std::string& user, base::Micros now_us) {
    const std::lock_guard lock(mutex_);
    if (users_.size() >= kForgetAbove) {
      std::erase_if(users_, [now_us](const auto& one) { return one.second.rested(now_us); });
    }
    Allowance& own = users_.try_emplace(user, kPerUser).first->second;
    return own.take(now_us) ? 0 : own.wait_us(now_us);
  }

 private:
  static constexpr std::size_t kForgetAbove = 1024;

  std::mutex mutex_;
  std::map<std::string, Allowance> users_;
};

}  // namespace sallyport::broker
