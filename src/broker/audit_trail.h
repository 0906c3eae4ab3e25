// SPDX-License-Identifier: Apache-2.0
// The audit log for callers that must not block: events are written on the store's thread, in order. Trusted side.
#pragma once

#include <functional>

#include "audit/log.h"
#include "base/result.h"
#include "broker/audit_limit.h"
#include "net/executor.h"

namespace sallyport::broker {

/// Any thread may call.
class AuditTrail {
 public:
  AuditTrail(audit::Log& log, net::Executor& store_thread) : log_(log), store_thread_(store_thread) {}

  /// Writes the event. A failure to write is logged; done(), if given, is called on the store's thread with the
  /// outcome, so that whatever must not happen unaudited can wait for it.
  void write(audit::Event event, std::function<void(base::Status)> done = {});

  /// Writes the event if the limit has room; else it is only counted, and the next that is written says how many were
  /// not.
  void write_within(AuditLimit& limit, base::Micros now_us, audit::Event event);

  /// For callers on the store's thread.
  audit::Log& log() { return log_; }

 private:
  audit::Log& log_;
  net::Executor& store_thread_;
};

}  // namespace sallyport::broker
