// SPDX-License-Identifier: Apache-2.0
// Who may supervise a session: watch it where a policy demands that somebody does. Trusted side, pure. Nobody
// supervises a session of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/requirements.h"
#include "policy/snapshot.h"

namespace sallyport::policy {

/// Who watches. A local account that is no user's, such as root, has no user name.
struct Supervisor {
  std::string actor;  ///< as the audit log names them
  std::string user;
  bool owns_gateway = false;  ///< root, or the account that runs the gateway
  bool operator==(const Supervisor&) const = default;
};

/// Whether they may, now: enabled, not `watched` themselves, and named by the rule. A rule that names nobody lets those
/// supervise who may watch every session.
bool may_supervise(const Snapshot& snapshot, const SupervisorRule& rule, const Supervisor& who,
                   std::string_view watched);
/// By any of the rules.
bool may_supervise(const Snapshot& snapshot, const std::vector<SupervisorRule>& rules, const Supervisor& who,
                   std::string_view watched);

/// "bob or one of the group leads": for people.
std::string supervisors_text(const SupervisorRule& rule);

}  // namespace sallyport::policy
