// SPDX-License-Identifier: Apache-2.0
// A grant is a lease: what becomes of a session under the policies in force. Trusted side; pure. A session keeps what
// it has or loses it; it never gains anything by a change of policy.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "broker/access/policy_state.h"
#include "broker/session/session_parts.h"
#include "policy/permission.h"

namespace sallyport::broker {

struct LeaseReview {
  bool ends = false;
  std::string code;                                 ///< of an end: a word for the audit log
  std::string detail;                               ///< of an end: the whole truth, for the audit log
  std::string text;                                 ///< of an end: for the user
  policy::Permissions permissions;                  ///< what the user may still begin
  policy::Limits limits;                            ///< the stricter of those that it has and of those in force
  std::vector<policy::SupervisorRule> supervisors;  ///< whom the policies demand now
};

/// What the session has proved for itself: its login, and the approval under which it was opened.
policy::Proofs proofs_of(const SessionParts& parts, const policy::Snapshot& resources, base::Micros now_us);

/// For each limit on a session's time the shorter one. The numbers of sessions count when a session begins, so they
/// stay.
policy::Limits stricter_times(policy::Limits now, const policy::Limits& other);

LeaseReview review_lease(const PolicyState& state, const SessionParts& parts, base::Micros now_us);

}  // namespace sallyport::broker
