// SPDX-License-Identifier: Apache-2.0
// Requests for access as rows of the store, and back. Trusted side; pure. What it does not understand is no request.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "policy/access_request.h"
#include "store/rows.h"

namespace sallyport::broker {

/// Names, separated by blanks.
std::string joined(const std::vector<std::string>& names);
/// One line a rule.
std::string text_of(const std::vector<policy::ApprovalRule>& rules);
/// One line a place.
std::string text_of(const std::vector<policy::ApprovedPlace>& places);
store::RequestRow row_of(const policy::AccessRequest& request);
/// Without its votes. Errors: corrupt, invalid.
base::Result<policy::AccessRequest> request_of(const store::RequestRow& row);

}  // namespace sallyport::broker
