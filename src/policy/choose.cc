// SPDX-License-Identifier: Apache-2.0
// Matching of clauses, membership, and the list of what a user may reach. Pure.
#include <algorithm>
#include <functional>

#include "policy/decide.h"
#include "policy/match.h"
#include "policy/scope.h"

namespace sallyport::policy {

namespace {

bool has(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
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
  const User* u = snapshot.user(user);
  if (u != nullptr && u->outsider) return {};
  if (u != nullptr) out.insert(out.end(), u->groups.begin(), u->groups.end());
  if (const auto listed = snapshot.memberships.find(user); listed != snapshot.memberships.end()) {
    out.insert(out.end(), listed->second.begin(), listed->second.end());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

const User* owner_of_local_account(const Snapshot& snapshot, std::string_view account) {
  const User* owner = nullptr;
  for (const auto& [name, user] : snapshot.users) {
    if (user.local_account.empty() || user.local_account != account) continue;
    if (owner != nullptr) return nullptr;
    owner = &user;
  }
  return owner;
}

std::vector<Role> roles_of(const Snapshot& snapshot, std::string_view user, const std::vector<std::string>& groups) {
  const User* u = snapshot.user(user);
  if (u == nullptr || u->disabled || u->outsider) return {};
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

namespace {

std::vector<std::string> sponsor_words(const Snapshot& snapshot, std::string_view user) {
  Request request;
  request.user = std::string(user);
  const Outsider* outsider = outsider_of(snapshot, request);
  if (outsider == nullptr) return {};
  return PolicyIndex::words_of_sponsor(outsider->sponsor, groups_of(snapshot, outsider->sponsor, {}));
}

// Few policies name a given user: sorting the others out first keeps a menu over thousands of targets quick.
std::vector<const Policy*> allowing(const Snapshot& snapshot, std::string_view user,
                                    const std::vector<std::string>& groups) {
  std::vector<const Policy*> out;
  const std::vector<std::string> all_groups = groups_of(snapshot, user, groups);
  for (const std::string_view name : snapshot.index.of_subject(user, all_groups, sponsor_words(snapshot, user))) {
    const Policy& policy = snapshot.indexed_policy(name);
    if (policy.effect == Effect::allow) out.push_back(&policy);
  }
  return out;
}

// Calls found() with each account that decide() would grant on the target, until it returns false.
void each_account(const Snapshot& snapshot, const std::vector<const Policy*>& mine, const Target& target,
                  Request request, const std::function<bool(const std::string&)>& found) {
  std::vector<const Policy*> here;
  for (const Policy* policy : mine) {
    if (matches(policy->targets, target)) here.push_back(policy);
  }
  if (here.empty()) return;
  request.target = target.name;
  for (const auto& [account_name, account] : snapshot.accounts) {
    const bool named = std::any_of(here.begin(), here.end(), [&name = account_name](const Policy* policy) {
      return names_account(*policy, name);
    });
    if (!named) continue;
    request.account = account_name;
    if (std::holds_alternative<Grant>(decide(snapshot, request)) && !found(account_name)) return;
  }
}

}  // namespace

bool reaches(const Snapshot& snapshot, std::string_view user, std::string_view target, base::Micros time_us,
             std::string_view source) {
  const Target* there = snapshot.target(target);
  if (there == nullptr) return false;
  bool out = false;
  each_account(snapshot, allowing(snapshot, user, {}), *there,
               {std::string(user), {}, {}, {}, time_us, std::string(source)}, [&](const std::string&) {
                 out = true;
                 return false;
               });
  return out;
}

std::vector<Choice> choices(const Snapshot& snapshot, std::string_view user, const std::vector<std::string>& groups,
                            base::Micros time_us, std::string_view source) {
  std::vector<Choice> out;
  const std::vector<const Policy*> mine = allowing(snapshot, user, groups);
  for (const auto& [target_name, target] : snapshot.targets) {
    each_account(snapshot, mine, target, {std::string(user), groups, {}, {}, time_us, std::string(source)},
                 [&, &name = target_name](const std::string& account) {
                   out.push_back({account, name});
                   return true;
                 });
  }
  return out;
}

}  // namespace sallyport::policy
