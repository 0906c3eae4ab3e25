// SPDX-License-Identifier: Apache-2.0
// The JSON objects of the command-line contract, made from the broker's values. Trusted side; pure. Bytes that are no
// UTF-8 become U+FFFD; escaping for a terminal is the reader's.
#pragma once

#include <string>

#include "broker/record/session_info.h"
#include "store/rows.h"

namespace sallyport::broker::api {

/// {id, user, account, target, protocol, source, state, started_at, ended_at, end_reason, …}
std::string session_json(const SessionInfo& info);
std::string session_json(const store::SessionRow& row);

/// The same plus {bytes, events, integrity}; state is one of live, sealed, truncated.
std::string recording_json(const store::SessionRow& row);

}  // namespace sallyport::broker::api
