// SPDX-License-Identifier: Apache-2.0
// Shares of the audit log for users.
#include "broker/node/user_audit.h"

#include <iterator>

namespace sallyport::broker {

void UserAudit::write(audit::Event event) {
  {
    const std::lock_guard lock(mutex_);
    const AuditLimit::Rate rate = event.type == "auth.success" ? kLogins : kOthers;
    const auto share = shares_.try_emplace({event.actor, event.type}, rate).first;
    if (audit_.crowded()) return share->second.withhold();
    if (!share->second.admit(clock_.monotonic_us())) return;
  }
  audit_.write(std::move(event));
}

void UserAudit::tell_withheld() {
  std::vector<std::pair<Key, std::int64_t>> counts;
  {
    const std::lock_guard lock(mutex_);
    const base::Micros now = clock_.monotonic_us();
    for (auto share = shares_.begin(); share != shares_.end();) {
      counts.emplace_back(share->first, share->second.take_withheld());
      share = share->second.rested(now) ? shares_.erase(share) : std::next(share);
    }
  }
  tell(counts);
}

void UserAudit::tell_withheld(const std::string& user) {
  std::vector<std::pair<Key, std::int64_t>> counts;
  {
    const std::lock_guard lock(mutex_);
    for (auto share = shares_.lower_bound({user, ""}); share != shares_.end() && share->first.first == user; ++share) {
      counts.emplace_back(share->first, share->second.take_withheld());
    }
  }
  tell(counts);
}

void UserAudit::tell(const std::vector<std::pair<Key, std::int64_t>>& counts) {
  for (const auto& [key, count] : counts) {
    if (count > 0) audit_.write({"audit.withheld", key.first, "", {{"kind", key.second}, {"events", count}}});
  }
}

std::size_t UserAudit::shares() {
  const std::lock_guard lock(mutex_);
  return shares_.size();
}

}  // namespace sallyport::broker
