// SPDX-License-Identifier: Apache-2.0
// Trying again.
#include "broker/late_seals.h"

#include "base/log.h"
#include "broker/recover_records.h"

namespace sallyport::broker {

void LateSeals::add(const std::string& id, const std::string& end_reason) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(id, end_reason);
}

void LateSeals::retry(store::Store& store, audit::Log& log, const std::string& directory,
                      const recording::Signer& signer, const base::Clock& clock) {
  std::map<std::string, std::string> now;
  {
    const std::lock_guard lock(mutex_);
    now = waiting_;
  }
  for (const auto& [id, reason] : now) {
    if (auto done = recover_record(store, log, directory, id, reason, signer, clock); !done) {
      base::log_warning("session " + id + " is not sealed yet: " + done.message());
      continue;
    }
    const std::lock_guard lock(mutex_);
    waiting_.erase(id);
  }
}

}  // namespace sallyport::broker
