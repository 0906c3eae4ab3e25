// SPDX-License-Identifier: Apache-2.0
// Whether a session's grant may be used: what the policies require beside it, and the wait for an approval that is
// missing. Trusted side, on a session loop. What is not proved here is refused.
#pragma once

#include <string>
#include <vector>

#include "broker/access/policy_state.h"
#include "broker/session/approval_wait.h"
#include "broker/session/session_parts.h"
#include "config/config.h"
#include "policy/decide.h"

namespace sallyport::broker {

class SessionClearance : private ApprovalWait::Owner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    /// Something that was missing is there: decide again.
    virtual void look_again() = 0;
    /// The grant cannot be used. code and detail are for the audit log, text is for the user.
    virtual void not_cleared(const std::string& code, const std::string& detail, const std::string& text,
                             const std::string& reason) = 0;
  };

  /// All of it outlives the clearance.
  SessionClearance(Owner& owner, SessionParts& parts, ApprovalDesk& desk, Alarm& alarm, const base::Clock& clock,
                   const config::Auth& auth)
      : owner_(owner), parts_(parts), desk_(desk), clock_(clock), auth_(auth), wait_(*this, desk, alarm, clock) {}

  /// Whether the grant may be used now. False: the owner was told, or is told later.
  bool check(const policy::Grant& grant, const PolicyState& state);
  /// Bounds a grant that hangs on an approval by what is left of it.
  void bound(policy::Grant& grant) const;
  /// The request that was approved; empty when none was needed.
  std::string request() const { return parts_.approval ? parts_.approval->id : ""; }
  /// Whether nobody has ended it since: asked once whoever ends it would find the session.
  bool still_counts() const { return !parts_.approval || !desk_.was_ended(parts_.approval->id); }
  /// Calls nobody any more.
  void stop() { wait_.stop(); }

 private:
  void approved(const policy::AccessRequest& request) override;
  void waits_for_approval(const std::string& text, const std::string& request) override;
  void not_approved(const std::string& text, const std::string& reason) override;

  Owner& owner_;
  SessionParts& parts_;
  ApprovalDesk& desk_;
  const base::Clock& clock_;
  const config::Auth& auth_;
  ApprovalWait wait_;
  bool asked_ = false;
  std::string unmet_;  // where nobody needs to approve anything: what the user did not say
};

}  // namespace sallyport::broker
