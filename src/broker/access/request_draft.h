// SPDX-License-Identifier: Apache-2.0
// What somebody asks for, beside what the policies demand for it. Trusted side; pure. It asks for nothing that no
// policy lets the user have.
#pragma once

#include <string>

#include "base/result.h"
#include "broker/access/access_requests.h"
#include "broker/access/policy_state.h"

namespace sallyport::broker {

/// Fills in what the policies say: whose row the requester is, the rules of approval, and how long it is good (as long
/// as they allow, where the draft says 0). The draft has the requester, the account, the targets, and what was written.
/// Errors: denied, invalid, not_found; in words for the requester.
base::Status complete_draft(const PolicyState& state, const std::string& source_host, base::Micros now_us,
                            RequestDraft& draft);

}  // namespace sallyport::broker
