// SPDX-License-Identifier: Apache-2.0
// A session whose policies demand a supervisor, on its loop: it opens the gate when each rule has one, tells the user
// who supervises and what is waited for, and ends a session that waits too long. Trusted side. The gate itself is shut
// by the handle, on the thread of whoever leaves; nothing but this opens it again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "broker/session/alarm.h"
#include "broker/session/session_handle.h"

namespace sallyport::broker {

class SessionSupervision {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    /// In the audit log and in the record.
    virtual void note_supervision(const std::string& action, const std::string& actor, const std::string& text) = 0;
    /// For the user, who waits or goes on.
    virtual void tell_waiting(const std::string& text) = 0;
    virtual void tell_supervised(const std::string& text) = 0;
    /// No supervisor is missing any more; the gate may be shut for another reason.
    virtual void supervised() = 0;
    /// Ends the session.
    virtual void supervisor_missing(const std::string& reason, const std::string& text) = 0;
  };

  /// All of it outlives the supervision.
  SessionSupervision(Owner& owner, Alarm& alarm, const base::Clock& clock)
      : owner_(owner), alarm_(alarm), clock_(clock) {}

  /// The session is live: from now on what look() finds takes effect.
  void begin(std::shared_ptr<SessionHandle> handle);
  /// Who watches, who may supervise, or what is demanded has changed.
  void look();
  void stop();

 private:
  struct Known {
    Supervision::Present who;
    base::Micros since_us = 0;  // by the clock of the day
  };
  void note_who(const std::vector<Supervision::Present>& present);
  void note_end(const Known& one);
  void await(const Supervision& now);

  Owner& owner_;
  Alarm& alarm_;
  const base::Clock& clock_;
  std::shared_ptr<SessionHandle> handle_;  // from begin() to stop()
  std::vector<Known> known_;
  bool waits_ = false;
  bool was_supervised_ = false;
};

}  // namespace sallyport::broker
