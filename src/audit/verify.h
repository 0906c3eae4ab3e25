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
  std::vector<base::Bytes> trusted_keys;  ///< Ed25519 keys whose heads count; empty: any key's, so only self-consistent
  std::optional<Head> witnessed;          ///< a head kept elsewhere, which the log must still contain
};

struct Verdict {
  bool ok = false;
  std::int64_t events = 0;      ///< checked
  std::int64_t heads = 0;       ///< signed heads checked
  std::int64_t signed_seq = 0;  ///< up to here a signed head vouches
  std::int64_t broken_seq = 0;  ///< the first event that does not hold; 0 when ok
  std::string problem;          ///< one sentence that names it; empty when ok
  base::Bytes chain;            ///< of the last event
};

/// Walks the whole log in bounded memory. Errors: those of the store; what is wrong with the log is in the verdict.
base::Result<Verdict> verify(store::Store& store, const VerifyOptions& options = {});

}  // namespace sallyport::audit
