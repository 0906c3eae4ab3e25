// SPDX-License-Identifier: Apache-2.0
// What a node does before it serves: seals the records of sessions that died with it, and says so. Trusted side;
// blocks.
#pragma once

#include <string>

#include "audit/log.h"
#include "base/clock.h"
#include "base/result.h"
#include "recording/types.h"
#include "store/store.h"

namespace sallyport::broker {

/// Seals one record that has no writer, notes it in the audit log as the end of its session, and ends the session's
/// row. Errors: those of the recording and of the store; nothing is lost, call again.
base::Status recover_record(store::Store& store, audit::Log& log, const std::string& directory, const std::string& id,
                            const std::string& reason, const recording::Signer& signer, const base::Clock& clock);

/// Seals every unsealed record of the directory and ends every session row that is not ended. Errors: those of the
/// store; a record that cannot be sealed is audited and left as it is.
base::Status recover_records(store::Store& store, audit::Log& log, const std::string& directory,
                             const std::string& node, const recording::Signer& signer, const base::Clock& clock);

}  // namespace sallyport::broker
