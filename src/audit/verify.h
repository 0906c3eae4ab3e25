// SPDX-License-Identifier: Apache-2.0
// Checks that the audit log still says what it said. Reads only; must never repair.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/log.h"
#include "ledger/walk.h"

namespace sallyport::audit {

struct VerifyOptions {
  std::vector<base::Bytes> trusted_keys = {};  ///< Ed25519 keys whose heads count; empty: any, so only self-consistent
  std::vector<Head> witnessed = {};            ///< heads kept elsewhere, which the log must still contain
  base::Micros heads_due_us = 0;  ///< an event before this must stand under a head that stays; 0: not asked
  std::vector<std::int64_t> known_faults = {};  ///< events of ledger::kFaultType that somebody has looked into
  store::Store* pages = nullptr;  ///< where the events are read from: another connection, so that writers need not wait
  std::string node = {};          ///< whose log; empty: that of the store's own node
};

using ledger::Verdict;

/// Walks the log as it stands at the call, in bounded memory. Errors: those of the store; what is wrong with the log
/// is in the verdict.
base::Result<Verdict> verify(store::Store& store, const VerifyOptions& options = {});

}  // namespace sallyport::audit
