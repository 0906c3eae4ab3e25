// SPDX-License-Identifier: Apache-2.0
// The JSON objects of the command-line contract, made from the broker's values. Trusted side; pure. Bytes that are no
// UTF-8 become U+FFFD; escaping for a terminal is the reader's.
#pragma once

#include <string>

#include "broker/access/invitations.h"
#include "broker/record/session_info.h"
#include "policy/access_request.h"
#include "store/rows.h"

namespace sallyport::broker::api {

/// {id, user, account, target, protocol, source, state, started_at, ended_at, end_reason, …}
std::string session_json(const SessionInfo& info);
std::string session_json(const store::SessionRow& row);

/// The same plus {bytes, events, integrity}; state is one of live, sealed, truncated.
std::string recording_json(const store::SessionRow& row);

/// {id, code, state, user, account, targets, reason, ticket, created_at, decide_by, starts_at, valid_seconds,
/// valid_until, max_sessions, sessions, sponsor, approvals: [{users, groups, count}], votes: [{by, verdict, time,
/// comment}], closed_at, closed_by}; the state is that of now.
std::string request_json(const policy::AccessRequest& request, base::Micros now_us);

/// {id, user, sponsor, state, request, account, targets, reason, ticket, created_at, from, until, max_sessions,
/// sessions_opened, taken_at, bound, wrong_codes, ended_at, ended_by, end_reason}; the state is that of now.
std::string invitation_json(const Invitation& invitation, base::Micros now_us);

}  // namespace sallyport::broker::api
