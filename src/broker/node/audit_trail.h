// SPDX-License-Identifier: Apache-2.0
// The audit log for callers that must not block: events are written on the store's thread, in order. Trusted side.
#pragma once

#include <functional>

#include "audit/log.h"
#include "base/result.h"
#include "broker/record/group_commit.h"
#include "net/executor.h"

namespace sallyport::broker {

/// Any thread may call.
class AuditTrail {
 public:
  AuditTrail(audit::Log& log, store::Store& store, net::Executor& store_thread)
      : log_(log), commits_(store, store_thread) {}

  /// Writes the event; those of one moment share a commit. A failure to write is logged; done(), if given, is called on
  /// the store's thread with the outcome once that is durable, so that whatever must not happen unaudited can wait for
  /// it.
  void write(audit::Event event, std::function<void(base::Status)> done = {});

  /// Writes an event and what belongs to it: see GroupCommit::add().
  void commit(GroupCommit::Work work, GroupCommit::Done done) { commits_.add(std::move(work), std::move(done)); }

  /// For callers on the store's thread.
  audit::Log& log() { return log_; }

 private:
  audit::Log& log_;
  GroupCommit commits_;
};

}  // namespace sallyport::broker
