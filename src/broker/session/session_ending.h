// SPDX-License-Identifier: Apache-2.0
// The end of a session: both legs stop, the record is sealed with its coverage manifest, the audit log and the row say
// so. Trusted side, on a session loop. It comes once, whatever else still asks for it, and nothing of the session goes
// before it is done.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "broker/session/alarm.h"
#include "broker/session/session_notes.h"
#include "broker/session/session_parts.h"
#include "broker/session/session_store.h"

namespace sallyport::broker {

class SessionEnding {
 public:
  /// Over: both legs and all errands are back, and the record is being sealed, or is sealed.
  enum class Phase { opening, live, ending, over };

  class Owner {
   public:
    virtual ~Owner() = default;
    /// Nothing is begun, passes, or is asked any more.
    virtual void stop_parts() = 0;
    /// then: when what the ended back said last has passed.
    virtual void when_drained(std::function<void()> then) = 0;
    virtual bool errands_out() = 0;
    /// then: when the front knows what is set on the user's terminals, as well as anybody does; soon.
    virtual void settle_terminals(std::function<void()> then) = 0;
    /// The record ends: nothing is derived from it any more.
    virtual void stop_inspector() = 0;
    /// Nothing of the session is left. Once.
    virtual void over() = 0;
  };

  /// All of it outlives the end.
  struct Means {
    const base::Clock& clock;
    Alarm& alarm;
    SessionNotes& notes;
    SessionStore& store;
    const ChannelBook& book;
  };

  SessionEnding(Owner& owner, SessionParts& parts, const Means& means) : owner_(owner), parts_(parts), means_(means) {}

  Phase phase() const { return phase_; }
  void went_live() { phase_ = Phase::live; }

  /// Ends it. text is for the user, on terminals, if the front can still show it.
  void end(const std::string& reason, const std::string& text, Goodbye goodbye = Goodbye::brief);
  /// There will be no session: while it opens, the user reads why.
  void refuse(const std::string& text, const std::string& reason);
  void back_broke_rules(const std::string& fault);
  /// The front's worker is gone. fault: what it did that no front does.
  void front_gone(const std::string& reason, const std::string& fault);
  /// See BackSide::Owner::back_ended().
  void back_gone(const std::string& reason, bool clean, const std::string& fault);
  void kill_workers();
  /// Goes on if nothing is missing any more.
  void look();

 private:
  void seal();
  void sealed(const SessionRecord::Closed& closed);
  void note_end(StoredEnd end, std::vector<audit::Field> fields);
  void finish();

  Owner& owner_;
  SessionParts& parts_;
  const Means means_;
  Phase phase_ = Phase::opening;
  bool front_gone_ = false, back_gone_ = false;
  std::string reason_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker
