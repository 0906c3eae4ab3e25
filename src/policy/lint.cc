// SPDX-License-Identifier: Apache-2.0
// Finding policies that deserve a look. Pure.
#include "policy/lint.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/text_time.h"
#include "policy/match.h"
#include "policy/scope.h"

namespace sallyport::policy {

namespace {

using What = Finding::Kind;

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

class Lint {
 public:
  Lint(const Snapshot& snapshot, base::Micros now_us) : snapshot_(snapshot), now_us_(now_us) {
    for (const auto& [name, user] : snapshot.users) {
      if (user.disabled) continue;
      for (const std::string& group : groups_of(snapshot, name, {})) living_groups_.insert(group);
    }
  }

  std::vector<Finding> run() {
    for (const auto& [unused, policy] : snapshot_.policies) {
      if (const auto why = unreachable(policy)) note(What::unreachable, policy, "", *why);
      shadow(policy);
      if (const auto why = over_broad(policy)) note(What::over_broad, policy, "", *why);
      if (const auto names = unknown_names(policy); !names.empty()) {
        note(What::unknown_name, policy, "", "nobody declared " + joined(names, ", "));
      }
    }
    return std::move(out_);
  }

 private:
  void note(What kind, const Policy& policy, const std::string& other, std::string reason) {
    out_.push_back({kind, policy.name, other, std::move(reason)});
  }

  bool has_subject(const Policy& policy) const {
    const auto alive = [&](const auto& one) { return !one.second.disabled; };
    // Whoever may be invited is not known before.
    if (policy.sponsors != Subjects{}) return true;
    if (is_every(policy.subjects.users)) return std::any_of(snapshot_.users.begin(), snapshot_.users.end(), alive);
    return std::any_of(policy.subjects.users.begin(), policy.subjects.users.end(),
                       [&](const std::string& name) {
                         const User* user = snapshot_.user(name);
                         return user != nullptr && !user->disabled;
                       }) ||
           std::any_of(policy.subjects.groups.begin(), policy.subjects.groups.end(),
                       [&](const std::string& group) { return living_groups_.contains(group); });
  }

  std::optional<std::string> unreachable(const Policy& policy) const {
    const base::Micros until = policy.when.valid_until_us;
    if (until != 0 && until <= now_us_) return "it held until " + base::to_rfc3339(until);
    if (!has_subject(policy)) return "none of its subjects is a user who may log in";
    bool any_target = false;
    for (const Target* target : chosen(policy.targets)) {
      any_target = true;
      if (has_account(policy, *target)) return std::nullopt;
    }
    return any_target ? "none of its accounts is on one of its targets" : "its targets choose no target";
  }

  // Those that names choose need no look at all the others.
  std::vector<const Target*> chosen(const Selector& selector) const {
    std::vector<const Target*> out;
    if (selector.labels.empty() && !is_every(selector.names)) {
      for (const std::string& name : selector.names) {
        if (const Target* target = snapshot_.target(name)) out.push_back(target);
      }
      return out;
    }
    for (const auto& [unused, target] : snapshot_.targets) {
      if (matches(selector, target)) out.push_back(&target);
    }
    return out;
  }

  bool has_account(const Policy& policy, const Target& target) const {
    const auto is_there = [&target](const Account& account) { return matches(account.targets, target); };
    if (is_every(policy.accounts)) {
      return std::any_of(snapshot_.accounts.begin(), snapshot_.accounts.end(),
                         [&](const auto& one) { return is_there(one.second); });
    }
    return std::any_of(policy.accounts.begin(), policy.accounts.end(), [&](const std::string& name) {
      const Account* account = snapshot_.account(name);
      return account != nullptr && is_there(*account);
    });
  }

  // Another policy makes this one useless when it acts wherever this one does, and this one adds nothing to it.
  void shadow(const Policy& policy) {
    if (policy.sponsors != Subjects{}) return;  // others do nothing for its outsiders
    for (const std::string_view name : may_cover(snapshot_, policy)) {
      const Policy& other = snapshot_.indexed_policy(name);
      if (&other == &policy || !covers(snapshot_, other, policy)) continue;
      // Of two that cover each other, the later name is the useless one.
      if (covers(snapshot_, policy, other) && useless_beside(other, policy) && policy.name < other.name) continue;
      if (const auto why = useless_beside(policy, other)) return note(What::shadowed, policy, other.name, *why);
    }
  }

  static std::optional<std::string> useless_beside(const Policy& policy, const Policy& other) {
    if (other.effect == Effect::deny) {
      return "policy " + other.name + " refuses everything that it is about";
    }
    if (policy.effect == Effect::deny || restricts(policy)) return std::nullopt;
    Permissions left = policy.allow;
    left.remove(other.deny);
    if (left.empty()) return "policy " + other.name + " takes away all that it allows";
    left = policy.allow;
    left.remove(other.allow);
    if (left.empty()) return "policy " + other.name + " allows all of it too";
    return std::nullopt;
  }

  static bool restricts(const Policy& policy) {
    return !policy.deny.empty() || !policy.require.empty() || policy.record != RecordRules{} ||
           policy.limits != LimitRules{};
  }

  static std::optional<std::string> over_broad(const Policy& policy) {
    if (policy.effect == Effect::deny || policy.allow.empty()) return std::nullopt;
    std::vector<std::string> wide;
    if (is_every(policy.subjects.users)) wide.emplace_back("every user");
    if (is_every(policy.targets.names)) wide.emplace_back("every target");
    if (is_every(policy.accounts)) wide.emplace_back("every account");
    if (wide.size() >= 2) return "it allows " + joined(wide, " and ");
    for (const std::string& block : policy.when.from) {
      if (block.ends_with("/0")) return "its sources hold every address (" + block + ")";
    }
    return std::nullopt;
  }

  std::vector<std::string> unknown_names(const Policy& policy) const {
    std::vector<std::string> out;
    const auto look = [&out](const char* kind, const auto& declared, const std::vector<std::string>& names) {
      for (const std::string& name : names) {
        if (name != kEvery && !declared.contains(name)) out.push_back(std::string(kind) + " " + name);
      }
    };
    look("user", snapshot_.users, policy.subjects.users);
    look("user", snapshot_.users, policy.sponsors.users);
    look("target", snapshot_.targets, policy.targets.names);
    look("account", snapshot_.accounts, policy.accounts);
    return out;
  }

  const Snapshot& snapshot_;
  const base::Micros now_us_;
  std::set<std::string, std::less<>> living_groups_;
  std::vector<Finding> out_;
};

}  // namespace

const char* to_string(What kind) {
  switch (kind) {
    case What::unreachable:
      return "unreachable";
    case What::shadowed:
      return "shadowed";
    case What::over_broad:
      return "over_broad";
    case What::unknown_name:
      return "unknown_name";
  }
  return "unknown";
}

std::vector<Finding> lint(const Snapshot& snapshot, base::Micros now_us) {
  return Lint(snapshot, now_us).run();
}

}  // namespace sallyport::policy
