// SPDX-License-Identifier: Apache-2.0
// The audit log for callers that must not block: events are written on the store's thread, in order. Trusted side.
#pragma once

#include <functional>

#include "audit/log.h"
#include "base/result.h"
#include "broker/node/audit_sink.h"
#include "broker/record/group_commit.h"
#include "net/executor.h"

namespace sallyport::broker {

/// Any thread may call.
class AuditTrail final : public AuditSink {
 public:
  AuditTrail(audit::Log& log, store::Store& store, net::Executor& store_thread)
      : log_(log),
        commits_(store, store_thread,
                 {[&log] { return log.doubt(); }, [&log](std::uint64_t doubt) { return log.settled(doubt); }}) {}

  /// Writes what has happened; events of one moment share a commit. While the database server does not answer, the
  /// event waits. A failure to write is logged.
  void write(audit::Event event) override;
  /// Writes what must not happen unaudited: done() is called on the store's thread with the outcome, once the event is
  /// durable, or cannot be written now.
  void write(audit::Event event, std::function<void(base::Status)> done);

  /// Writes an event and what belongs to it: see GroupCommit::add().
  void commit(GroupCommit::Work work, GroupCommit::Done done, Outage outage = Outage::fails) {
    commits_.add(std::move(work), std::move(done), outage);
  }

  /// To be called now and then: writes what waits, once the server answers.
  void retry_waiting() { commits_.retry(); }
  /// Events, and what belongs to them, that wait now.
  std::size_t waiting() const { return commits_.waiting(); }
  /// Whether so much waits that what others can cause at will is only counted: the room is for what must be told.
  bool crowded() const { return waiting() > GroupCommit::kMostWaiting / 4; }
  /// Called on the store's thread when an event could not even wait and so is lost: nothing may go on. Set at first.
  void on_overflow(std::function<void()> told) { commits_.on_overflow(std::move(told)); }

  /// For callers on the store's thread.
  audit::Log& log() { return log_; }

 private:
  void write(audit::Event event, std::function<void(base::Status)> done, Outage outage);

  audit::Log& log_;
  GroupCommit commits_;
};

}  // namespace sallyport::broker
