// SPDX-License-Identifier: Apache-2.0
// The decision, from a snapshot and a request alone. Pure.
#include "policy/decide.h"

#include "policy/match.h"

namespace sallyport::policy {

namespace {

template <class Map>
const typename Map::mapped_type* find(const Map& map, std::string_view name) {
  const auto it = map.find(name);
  return it == map.end() ? nullptr : &it->second;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

Denial deny(const Request& request, DenialReason reason, std::string detail) {
  Denial out;
  out.reason = reason;
  out.detail = std::move(detail);
  out.message = reason == DenialReason::unknown_user || reason == DenialReason::disabled_user
                    ? "access is denied"
                    : "you have no access to " + request.account + " on " + request.target;
  return out;
}

Denial denied_by(const Request& request, std::vector<std::string> policies, std::string detail) {
  Denial out = deny(request, DenialReason::denied_by_policy, std::move(detail));
  out.policies = std::move(policies);
  return out;
}

/// What is asked for exists, and the account belongs on the target; else why not.
std::optional<Denial> missing(const Snapshot& snapshot, const Request& request) {
  const User* user = snapshot.user(request.user);
  if (user == nullptr) return deny(request, DenialReason::unknown_user, "there is no user '" + request.user + "'");
  if (user->disabled) return deny(request, DenialReason::disabled_user, "user '" + request.user + "' is disabled");
  const Target* target = snapshot.target(request.target);
  if (target == nullptr) {
    return deny(request, DenialReason::unknown_target, "there is no target '" + request.target + "'");
  }
  const Account* account = snapshot.account(request.account);
  if (account == nullptr) {
    return deny(request, DenialReason::unknown_account, "there is no account '" + request.account + "'");
  }
  if (!matches(account->targets, *target)) {
    return deny(request, DenialReason::account_not_on_target,
                "account '" + request.account + "' is not for target '" + request.target + "': see its key targets");
  }
  return std::nullopt;
}

template <class T>
void keep_smaller(std::optional<T>& so_far, const std::optional<T>& other) {
  if (other && (!so_far || *other < *so_far)) so_far = other;
}

template <class T>
void keep_larger(std::optional<T>& so_far, const std::optional<T>& other) {
  if (other && (!so_far || *other > *so_far)) so_far = other;
}

void keep_true(std::optional<bool>& so_far, const std::optional<bool>& other) {
  if (other) so_far = so_far.value_or(false) || *other;
}

/// Adds policies up; the stricter of each rule and limit wins.
class Sum {
 public:
  void add(const Policy& policy) {
    names_.push_back(policy.name);
    allow_.add(policy.allow);
    deny_.add(policy.deny);
    if (!policy.deny.empty()) denying_.push_back(policy.name);
    requirements_.add(policy.require);
    keep_larger(record_.bulk_after_bytes, policy.record.bulk_after_bytes);  // more of the stream in the record
    keep_true(record_.bulk_hash, policy.record.bulk_hash);
    keep_true(record_.strict, policy.record.strict);
    keep_smaller(limits_.idle_seconds, policy.limits.idle_seconds);
    keep_smaller(limits_.input_idle_seconds, policy.limits.input_idle_seconds);
    keep_smaller(limits_.duration_seconds, policy.limits.duration_seconds);
  }

  Permissions allowed() const { return allow_; }
  const std::vector<std::string>& denying() const { return denying_; }

  Grant grant() const {
    Grant out;
    out.permissions = allow_;
    out.permissions.remove(deny_);
    out.requirements = requirements_;
    const RecordSettings defaults;
    out.record.bulk_after_bytes = record_.bulk_after_bytes.value_or(defaults.bulk_after_bytes);
    out.record.bulk_hash = record_.bulk_hash.value_or(defaults.bulk_hash);
    out.record.strict = record_.strict.value_or(defaults.strict);
    out.limits.idle_seconds = limits_.idle_seconds.value_or(0);
    out.limits.input_idle_seconds = limits_.input_idle_seconds.value_or(0);
    out.limits.duration_seconds = limits_.duration_seconds.value_or(0);
    out.policies = names_;
    return out;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> denying_;
  Permissions allow_;
  Permissions deny_;
  Requirements requirements_;
  RecordRules record_;
  LimitRules limits_;
};

}  // namespace

const User* Snapshot::user(std::string_view name) const {
  return find(users, name);
}
const Target* Snapshot::target(std::string_view name) const {
  return find(targets, name);
}
const Account* Snapshot::account(std::string_view name) const {
  return find(accounts, name);
}

void Snapshot::put_user(User user) {
  if (const User* before = this->user(user.name); before != nullptr) emails.erase(before->email);
  if (!user.email.empty()) {
    const auto [entry, added] = emails.emplace(user.email, user.name);
    if (!added) entry->second.clear();
  }
  std::string name = user.name;
  users.insert_or_assign(std::move(name), std::move(user));
}

std::string Snapshot::user_name(const std::string& login) const {
  const auto found = emails.find(login);
  return found == emails.end() ? login : found->second;
}

void Snapshot::put(Resource resource) {
  const auto into = [](auto& map, auto&& value) {
    std::string name = value.name;
    map.insert_or_assign(std::move(name), std::forward<decltype(value)>(value));
  };
  switch (kind_of(resource)) {
    case Kind::user:
      return put_user(std::get<User>(std::move(resource)));
    case Kind::group:
      return into(groups, std::get<Group>(std::move(resource)));
    case Kind::role:
      return into(roles, std::get<RoleBinding>(std::move(resource)));
    case Kind::target:
      return into(targets, std::get<Target>(std::move(resource)));
    case Kind::account:
      return into(accounts, std::get<Account>(std::move(resource)));
    case Kind::policy:
      return into(policies, std::get<Policy>(std::move(resource)));
    case Kind::recipient:
      return into(recipients, std::get<Recipient>(std::move(resource)));
  }
}

const char* to_string(DenialReason reason) {
  switch (reason) {
    case DenialReason::unknown_user:
      return "unknown_user";
    case DenialReason::disabled_user:
      return "disabled_user";
    case DenialReason::unknown_target:
      return "unknown_target";
    case DenialReason::unknown_account:
      return "unknown_account";
    case DenialReason::account_not_on_target:
      return "account_not_on_target";
    case DenialReason::no_policy:
      return "no_policy";
    case DenialReason::denied_by_policy:
      return "denied_by_policy";
  }
  return "unknown";
}

Decision decide(const Snapshot& snapshot, const Request& request) {
  if (std::optional<Denial> denial = missing(snapshot, request)) return *std::move(denial);
  const std::vector<std::string> groups = groups_of(snapshot, request.user, request.groups);
  const Target& target = *snapshot.target(request.target);
  Sum sum;
  std::vector<std::string> refusing;
  for (const auto& [name, policy] : snapshot.policies) {
    if (!names_subject(policy.subjects, request.user, groups) || !matches(policy.targets, target) ||
        !names_account(policy, request.account)) {
      continue;
    }
    if (policy.effect == Effect::deny) {
      refusing.push_back(name);
    } else {
      sum.add(policy);
    }
  }
  if (!refusing.empty()) {
    return denied_by(request, refusing, "refused by policy " + joined(refusing) + " (effect: deny)");
  }
  if (sum.allowed().empty()) {
    return deny(request, DenialReason::no_policy,
                "no policy allows user '" + request.user + "' anything as account '" + request.account +
                    "' on target '" + request.target + "'");
  }
  Grant grant = sum.grant();
  if (grant.permissions.empty()) {
    return denied_by(request, sum.denying(), "all that is allowed is denied again by policy " + joined(sum.denying()));
  }
  return grant;
}

const char* to_string(Consideration::Outcome outcome) {
  switch (outcome) {
    case Consideration::Outcome::allows:
      return "allows";
    case Consideration::Outcome::denies:
      return "denies";
    case Consideration::Outcome::other_subject:
      return "other_subject";
    case Consideration::Outcome::other_target:
      return "other_target";
    case Consideration::Outcome::other_account:
      return "other_account";
  }
  return "unknown";
}

std::vector<Consideration> explain(const Snapshot& snapshot, const Request& request) {
  using Outcome = Consideration::Outcome;
  const std::vector<std::string> groups = groups_of(snapshot, request.user, request.groups);
  const Target* target = snapshot.target(request.target);
  std::vector<Consideration> out;
  for (const auto& [name, policy] : snapshot.policies) {
    Outcome outcome = policy.effect == Effect::deny || policy.allow.empty() ? Outcome::denies : Outcome::allows;
    if (!names_account(policy, request.account)) outcome = Outcome::other_account;
    if (target == nullptr || !matches(policy.targets, *target)) outcome = Outcome::other_target;
    if (!names_subject(policy.subjects, request.user, groups)) outcome = Outcome::other_subject;
    out.push_back({name, outcome});
  }
  return out;
}

}  // namespace sallyport::policy
