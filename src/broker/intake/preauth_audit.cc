// SPDX-License-Identifier: Apache-2.0
// Shares of the audit log for those who have not logged in.
#include "broker/intake/preauth_audit.h"

#include <iterator>
#include <utility>

namespace sallyport::broker {

void PreauthAudit::write(const std::string& source, audit::Event event) {
  {
    const std::lock_guard lock(mutex_);
    if (audit_.crowded() || !admit(source)) {
      ++withheld_;
      return;
    }
  }
  audit_.write(std::move(event));
}

bool PreauthAudit::admit(const std::string& source) {
  const base::Micros now = clock_.monotonic_us();
  auto own = sources_.find(source);
  if (own == sources_.end() && sources_.size() < kMaxSources) own = sources_.emplace(source, kPerSource).first;
  if (own != sources_.end() && !own->second.take(now)) return false;
  return together_.take(now);
}

void PreauthAudit::tell_withheld() {
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    std::swap(count, withheld_);
    const base::Micros now = clock_.monotonic_us();
    for (auto source = sources_.begin(); source != sources_.end();) {
      source = source->second.rested(now) ? sources_.erase(source) : std::next(source);
    }
  }
  if (count > 0) audit_.write({"auth.withheld", "sallyport", "", {{"events", count}}});
}

std::size_t PreauthAudit::sources() {
  const std::lock_guard lock(mutex_);
  return sources_.size();
}

}  // namespace sallyport::broker
