// SPDX-License-Identifier: Apache-2.0
// The end of a session as the store keeps it: audit events and the session's row, together or not at all. Trusted side;
// blocks on the store.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "audit/log.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace sallyport::broker {

/// What the row says from now on. When and why the session ended, once there, stay.
struct StoredEnd {
  std::string reason;
  std::string recording = {};  ///< live (no seal yet), sealed, truncated; empty: there is no recording
  std::string integrity = {};  ///< sealed, truncated, unsealed (it is tried again), damaged
  std::int64_t bytes = 0;      ///< 0: as the row has it
  std::int64_t events = 0;
  base::Micros at_us = 0;  ///< 0: now
};

/// A session without a row has its events alone. Errors: those of the store; nothing is written then.
base::Status store_end(store::Store& store, audit::Log& log, std::span<const audit::Event> events,
                       const std::string& session, const StoredEnd& end, const base::Clock& clock);

}  // namespace sallyport::broker
