// SPDX-License-Identifier: Apache-2.0
// Whether one clause of a policy names what is asked for. Trusted side, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/resource.h"

namespace sallyport::policy {

/// `groups` sorted, as groups_of() gives them.
bool names_subject(const Subjects& subjects, std::string_view user, const std::vector<std::string>& groups);
bool names_account(const Policy& policy, std::string_view account);

}  // namespace sallyport::policy
