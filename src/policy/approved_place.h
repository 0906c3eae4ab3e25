// SPDX-License-Identifier: Apache-2.0
// What a request was about when it was made: which machine and which login its names meant, and what the policies
// allowed there. An approval brings no more than that, whatever is edited afterwards. Trusted side, pure.
#pragma once

#include <string>
#include <string_view>

#include "policy/permission.h"
#include "policy/snapshot.h"

namespace sallyport::policy {

struct ApprovedPlace {
  std::string target;
  std::string meaning;      ///< meaning_of(), then
  Permissions permissions;  ///< of the policies, then
  bool operator==(const ApprovedPlace&) const = default;
};

/// A hash of where a session goes and as whom: the target's protocol and address, the account's login name. Empty where
/// there is no such target or account.
std::string meaning_of(const Snapshot& snapshot, std::string_view account, std::string_view target);

}  // namespace sallyport::policy
