// SPDX-License-Identifier: Apache-2.0
// Trying again.
#include "broker/record/late_seals.h"

#include "base/log.h"
#include "broker/record/recover_records.h"

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
    auto done = recover_record(store, log, directory, id, reason, signer, clock);
    if (!done || done->outcome == Recovered::Outcome::unsealed) {
      base::log_warning("session " + id + " is not sealed yet: " + (done ? done->why : done.message()));
      continue;
    }
    if (done->outcome == Recovered::Outcome::damaged) {
      base::log_error("record " + id + " is damaged and left as it is: " + done->why);
    }
    const std::lock_guard lock(mutex_);
    waiting_.erase(id);
  }
}

}  // namespace sallyport::broker
