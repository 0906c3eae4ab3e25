// SPDX-License-Identifier: Apache-2.0
// Sessions that ended while the disk could not take their seal or their last lines: tried again until it can. Trusted
// side; any thread may call.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "audit/log.h"
#include "base/clock.h"
#include "recording/types.h"
#include "store/store.h"

namespace sallyport::broker {

class LateSeals {
 public:
  /// The record has no living writer that still writes.
  void add(const std::string& id, const std::string& end_reason);

  /// Seals what can be sealed now, says so in the audit log, and ends the rows. What may still succeed stays for the
  /// next time; a damaged record is noted as that.
  /// Blocks: on the store's thread.
  void retry(store::Store& store, audit::Log& log, const std::string& directory, const recording::Signer& signer,
             const base::Clock& clock);

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> waiting_;  // id → why the session ended
};

}  // namespace sallyport::broker
