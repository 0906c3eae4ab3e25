// SPDX-License-Identifier: Apache-2.0
// Checks that the audit log still says what it said. Reads only; must never repair.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/log.h"

namespace sallyport::audit {

struct VerifyOptions {
  std::vector<base::Bytes> trusted_keys = {};  ///< Ed25519 keys whose heads count; empty: any, so only self-consistent
  std::vector<Head> witnessed = {};            ///< heads kept elsewhere, which the log must still contain
  base::Micros heads_due_us = 0;  ///< an event before this must stand under a head that stays; 0: not asked
  std::vector<std::int64_t> known_faults = {};  ///< events of kFaultType that somebody has looked into
};

struct Verdict {
  bool ok = false;
  std::int64_t events = 0;           ///< checked
  std::int64_t heads = 0;            ///< signed heads checked, those kept elsewhere among them
  std::int64_t signed_seq = 0;       ///< up to here a signature vouches
  std::int64_t broken_seq = 0;       ///< the first event that does not hold; 0 when ok
  std::string problem;               ///< one sentence that names it; empty when ok
  std::vector<std::int64_t> faults;  ///< events of kFaultType, the known ones too
  base::Bytes chain;                 ///< of the last event
};

/// Walks the log as it stands at the call, in bounded memory. Errors: those of the store; what is wrong with the log
/// is in the verdict.
base::Result<Verdict> verify(store::Store& store, const VerifyOptions& options = {});

}  // namespace sallyport::audit
