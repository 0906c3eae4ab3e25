// SPDX-License-Identifier: Apache-2.0
// What a node does before it serves: seals the records of sessions that died with it, and says so. Trusted side;
// blocks.
#pragma once

#include <string>

#include "audit/log.h"
#include "base/clock.h"
#include "base/result.h"
#include "broker/record/late_seals.h"
#include "recording/types.h"
#include "store/store.h"

namespace sallyport::broker {

/// What became of a session's record that has no writer.
struct Recovered {
  enum class Outcome {
    ended,    ///< sealed now or before, or there never was one; the audit log and the row say so
    damaged,  ///< left as it is: it is not what its writer left or what the audit log knows; both say so
    unsealed  ///< the recording's error may pass: nothing is lost, call again
  };
  Outcome outcome = Outcome::ended;
  std::string why = {};  ///< of the latter two
};

/// Seals one record that has no writer, notes it in the audit log as the end of its session, and ends the session's
/// row. Errors: those of the store.
base::Result<Recovered> recover_record(store::Store& store, audit::Log& log, const std::string& directory,
                                       const std::string& id, const std::string& reason,
                                       const recording::Signer& signer, const base::Clock& clock);

/// Does so with every unsealed record of the directory that is this node's (the store's) and with every session of this
/// node whose row has no end. What belongs to another node may be alive there: it is never touched. No record keeps the
/// others from it: one that is damaged is audited and left, one that cannot be sealed now is audited and goes to late.
/// Errors: those of the store, and of a directory that cannot be listed.
base::Status recover_records(store::Store& store, audit::Log& log, const std::string& directory,
                             const recording::Signer& signer, const base::Clock& clock, LateSeals& late);

}  // namespace sallyport::broker
