// SPDX-License-Identifier: Apache-2.0
// Who may supervise.
#include "policy/supervision.h"

#include <algorithm>

#include "policy/match.h"

namespace sallyport::policy {

namespace {

bool names_nobody(const SupervisorRule& rule) {
  return rule.users.empty() && rule.groups.empty();
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

bool may_supervise(const Snapshot& snapshot, const SupervisorRule& rule, const Supervisor& who,
                   std::string_view watched) {
  if (who.user.empty()) return who.owns_gateway && names_nobody(rule);
  const User* user = snapshot.user(who.user);
  if (user == nullptr || user->disabled || user->outsider || who.user == watched) return false;
  if (!names_nobody(rule)) {
    return names_subject(Subjects{rule.users, rule.groups}, who.user, groups_of(snapshot, who.user, {}));
  }
  const std::vector<Role> roles = roles_of(snapshot, who.user, {});
  return std::any_of(roles.begin(), roles.end(),
                     [](Role role) { return role == Role::auditor || role == Role::administrator; });
}

bool may_supervise(const Snapshot& snapshot, const std::vector<SupervisorRule>& rules, const Supervisor& who,
                   std::string_view watched) {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const SupervisorRule& rule) { return may_supervise(snapshot, rule, who, watched); });
}

std::string supervisors_text(const SupervisorRule& rule) {
  if (names_nobody(rule)) return "an auditor or an administrator";
  std::string out = listed(rule.users);
  if (rule.groups.empty()) return out;
  out += out.empty() ? "" : " or ";
  return out + "one of the " + (rule.groups.size() == 1 ? "group " : "groups ") + listed(rule.groups);
}

}  // namespace sallyport::policy
