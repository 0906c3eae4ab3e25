// SPDX-License-Identifier: Apache-2.0
// A request for access, and what becomes of it: votes, approval, the time in which it is good. Trusted side, pure: time
// and the present approvers are passed in. A request never changes after it was made; whoever wants another one makes
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/approved_place.h"
#include "policy/decide.h"
#include "policy/program_bound.h"
#include "policy/requirements.h"

namespace sallyport::policy {

enum class RequestState {
  waiting,    ///< for votes
  approved,   ///< good from its start, for as long as it says
  denied,     ///< one approver said no
  cancelled,  ///< by the requester, before it was decided
  expired,    ///< nobody decided it in time, or its time is over
  ended,      ///< early, by the requester or by somebody who may decide it
};

/// "waiting", "approved", …
const char* to_string(RequestState state);
/// Errors: invalid.
base::Result<RequestState> request_state_from(std::string_view word);

struct Vote {
  std::string voter;
  bool approves = false;
  base::Micros at_us = 0;
  std::string comment;
  bool operator==(const Vote&) const = default;
};

struct AccessRequest {
  std::string id;
  std::string requester;
  std::int64_t requester_life = 0;  ///< of the user's row: a new user of the same name has no requests
  std::string sponsor;              ///< of an invitation: answers for the requester, and so never approves
  std::string account;
  std::vector<std::string> targets;
  std::string reason;
  std::string ticket;
  base::Micros created_us = 0;
  base::Micros decide_by_us = 0;      ///< and of an invitation its end, whenever it was approved
  base::Micros start_us = 0;          ///< not before; 0: from its approval on
  std::int64_t valid_seconds = 0;     ///< from its start
  std::int64_t max_sessions = 0;      ///< 0: any number
  std::int64_t sessions_opened = 0;   ///< under it
  ProgramBound bound;                 ///< what may run under it
  std::vector<ApprovedPlace> places;  ///< one a target; none: of an earlier version, which kept none
  bool stated = false;                ///< needs no approval: the requester only says why
  std::vector<ApprovalRule> rules;    ///< as the policies demanded when it was made: each must be met
  bool emergency = false;             ///< the requester broke the glass: approved at once, by nobody
  base::Micros reviewed_us = 0;
  std::string reviewed_by;  ///< of an emergency: who has looked at what was done; empty: it is to be reviewed
  std::string review;
  RequestState state = RequestState::waiting;
  std::vector<Vote> votes;
  base::Micros approved_us = 0;
  base::Micros closed_us = 0;
  std::string closed_by;
  bool operator==(const AccessRequest&) const = default;
};

/// Of one of its targets; null: there is none.
const ApprovedPlace* place_of(const AccessRequest& request, std::string_view target);

/// Whether a sponsor made it for an outsider.
bool is_invitation(const AccessRequest& request);

/// Bounds of what a requester writes. Errors: invalid, in words for the requester.
base::Status check_request(const AccessRequest& request);

/// Counts the request from now on: nobody has to approve it. Its rules are empty. Errors: invalid.
base::Status state_reason(AccessRequest& request, base::Micros now_us);

/// Whether this user may decide by this rule now: enabled, and named there. Root may: it can change the policies
/// anyway.
bool is_approver(const Snapshot& snapshot, const ApprovalRule& rule, std::string_view user);
/// By any of the request's rules; never the requester, never the sponsor.
bool may_decide(const Snapshot& snapshot, const AccessRequest& request, std::string_view user);

/// Whether it is somebody's to know of: the requester, the sponsor, and whoever may decide it.
bool has_part(const Snapshot& snapshot, const AccessRequest& request, std::string_view user);

/// What the votes of those who still may approve are worth.
std::vector<ApprovalProof> approvals_of(const Snapshot& snapshot, const AccessRequest& request, base::Micros now_us);

/// The state at this time: what nobody decided in time, or was approved for a time that is over, is expired.
RequestState state_at(const AccessRequest& request, base::Micros now_us);
/// Of an approved request; 0 while it is not approved.
base::Micros good_from_us(const AccessRequest& request);
base::Micros good_until_us(const AccessRequest& request);

/// Counts a vote. The request is denied with the first no, and approved when enough have said yes who still may. A
/// second vote of the same person, and any vote on what is decided, is refused. Errors: denied, invalid (in words for
/// the voter).
base::Status cast_vote(const Snapshot& snapshot, AccessRequest& request, Vote vote);

/// Approves the request at once, by nobody: each of its rules must allow that, and there must be a reason. Errors:
/// denied, invalid.
base::Status break_glass(AccessRequest& request, base::Micros now_us);
/// Whether somebody still has to review an emergency.
bool is_to_review(const AccessRequest& request);
/// Signs off an emergency: whoever may decide the request, so never the requester. Errors: denied, invalid.
base::Status review_request(const Snapshot& snapshot, AccessRequest& request, std::string_view reviewer,
                            const std::string& comment, base::Micros now_us);

/// The requester takes back what is not decided, or gives up what was approved; whoever may decide it ends it early.
/// Errors: denied, invalid.
base::Status close_request(const Snapshot& snapshot, AccessRequest& request, std::string_view actor,
                           base::Micros now_us);

/// What somebody wants to open under a request.
struct Wanted {
  std::string_view user;
  std::int64_t life = 0;
  std::string_view account;
  std::string_view target;
};

/// Whether the request grants this now. `demanded`: by the policies in force now; approvals by people whom they do not
/// name any more do not count, nor does one for a target or an account that meant something else. Errors: denied, with
/// the reason.
base::Status check_grants(const Snapshot& snapshot, const AccessRequest& request, const Wanted& wanted,
                          const std::vector<ApprovalRule>& demanded, base::Micros now_us);

}  // namespace sallyport::policy
