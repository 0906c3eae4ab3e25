// SPDX-License-Identifier: Apache-2.0
// Matching of clauses, membership, and the list of what a user may reach. Pure.
#include <algorithm>

#include "policy/decide.h"
#include "policy/match.h"

namespace sallyport::policy {

namespace {

bool has(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_every(const std::vector<std::string>& list) {
  return list.size() == 1 && list.front() == kEvery;
}

bool bears(const Target& target, const Selector::Labels& labels) {
  if (labels.empty()) return false;
  return std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
    const auto it = target.labels.find(wanted.first);
    return it != target.labels.end() && has(wanted.second, it->second);
  });
}

}  // namespace

bool matches(const Selector& selector, const Target& target) {
  if (is_every(selector.names) || has(selector.names, target.name)) return true;
  return std::any_of(selector.labels.begin(), selector.labels.end(),
                     [&](const Selector::Labels& labels) { return bears(target, labels); });
}

bool names_subject(const Subjects& subjects, std::string_view user, const std::vector<std::string>& groups) {
  if (is_every(subjects.users) || has(subjects.users, user)) return true;
  return std::any_of(subjects.groups.begin(), subjects.groups.end(),
                     [&](const std::string& group) { return std::binary_search(groups.begin(), groups.end(), group); });
}

bool names_account(const Policy& policy, std::string_view account) {
  return is_every(policy.accounts) || has(policy.accounts, account);
}

std::vector<std::string> groups_of(const Snapshot& snapshot, std::string_view user,
                                   const std::vector<std::string>& additional) {
  std::vector<std::string> out = additional;
  if (const User* u = snapshot.user(user)) out.insert(out.end(), u->groups.begin(), u->groups.end());
  for (const auto& [name, group] : snapshot.groups) {
    if (has(group.members, user)) out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<Role> roles_of(const Snapshot& snapshot, std::string_view user, const std::vector<std::string>& groups) {
  const User* u = snapshot.user(user);
  if (u == nullptr || u->disabled) return {};
  std::vector<Role> out = u->roles;
  out.push_back(Role::user);
  const std::vector<std::string> all_groups = groups_of(snapshot, user, groups);
  for (const auto& [name, binding] : snapshot.roles) {
    if (names_subject(binding.subjects, user, all_groups)) out.push_back(binding.role);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<Choice> choices(const Snapshot& snapshot, std::string_view user, const std::vector<std::string>& groups,
                            base::Micros time_us, std::string_view source) {
  std::vector<Choice> out;
  const std::vector<std::string> all_groups = groups_of(snapshot, user, groups);
  // Few policies name a given user: sorting the others out first keeps a menu over thousands of targets quick.
  std::vector<const Policy*> mine;
  for (const auto& [name, policy] : snapshot.policies) {
    if (policy.effect == Effect::allow && names_subject(policy.subjects, user, all_groups)) mine.push_back(&policy);
  }
  for (const auto& [target_name, target] : snapshot.targets) {
    std::vector<const Policy*> here;
    for (const Policy* policy : mine) {
      if (matches(policy->targets, target)) here.push_back(policy);
    }
    if (here.empty()) continue;
    for (const auto& [account_name, account] : snapshot.accounts) {
      const bool named = std::any_of(here.begin(), here.end(), [&name = account_name](const Policy* policy) {
        return names_account(*policy, name);
      });
      if (!named) continue;
      const Request request{std::string(user), groups, target_name, account_name, time_us, std::string(source)};
      if (std::holds_alternative<Grant>(decide(snapshot, request))) out.push_back({account_name, target_name});
    }
  }
  return out;
}

}  // namespace sallyport::policy
