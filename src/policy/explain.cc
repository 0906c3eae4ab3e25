// SPDX-License-Identifier: Apache-2.0
// How policies stand towards a request, one by one. Pure.
#include "policy/match.h"

namespace sallyport::policy {

using Outcome = Consideration::Outcome;

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::allows:
      return "allows";
    case Outcome::denies:
      return "denies";
    case Outcome::restricts:
      return "restricts";
    case Outcome::other_subject:
      return "other_subject";
    case Outcome::other_target:
      return "other_target";
    case Outcome::other_account:
      return "other_account";
    case Outcome::other_time:
      return "other_time";
    case Outcome::other_source:
      return "other_source";
    case Outcome::uncertain:
      return "uncertain";
  }
  return "unknown";
}

Asked::Asked(const Snapshot& of, const Request& what)
    : snapshot(of),
      request(what),
      groups(outsider_of(of, what) != nullptr ? std::vector<std::string>{} : groups_of(of, what.user, what.groups)),
      outsider(outsider_of(of, what)),
      sponsor_groups(outsider == nullptr ? std::vector<std::string>{} : groups_of(of, outsider->sponsor, {})),
      target(of.target(what.target)) {}

const Outsider* outsider_of(const Snapshot& snapshot, const Request& request) {
  const User* user = request.as != nullptr ? request.as : snapshot.user(request.user);
  return user != nullptr && user->outsider ? &*user->outsider : nullptr;
}

bool is_for(const Policy& policy, const Asked& asked) {
  if (asked.outsider == nullptr) return names_subject(policy.subjects, asked.request.user, asked.groups);
  return names_subject(policy.sponsors, asked.outsider->sponsor, asked.sponsor_groups);
}

Outcome stand(const Policy& policy, const Asked& asked) {
  const bool allowing = is_for(policy, asked);
  if (!allowing && !names_subject(policy.subjects, asked.request.user, asked.groups)) return Outcome::other_subject;
  if (asked.target == nullptr || !matches(policy.targets, *asked.target)) return Outcome::other_target;
  if (!names_account(policy, asked.request.account)) return Outcome::other_account;
  const bool settled = asked.request.whatever_conditions && policy.effect == Effect::allow;
  switch (settled ? Held::yes : holds(policy.when, asked.snapshot.zones, asked.request.time_us, asked.request.source)) {
    case Held::yes:
      break;
    case Held::not_yet:
    case Held::no_longer:
    case Held::other_time:
      return Outcome::other_time;
    case Held::other_source:
      return Outcome::other_source;
    case Held::unknown_zone:
    case Held::unknown_source:
      return Outcome::uncertain;
  }
  if (policy.effect == Effect::deny || policy.allow.empty()) return Outcome::denies;
  return allowing ? Outcome::allows : Outcome::restricts;
}

std::string why_not(const Policy& policy, const Asked& asked) {
  const Request& request = asked.request;
  const Held held = holds(policy.when, asked.snapshot.zones, request.time_us, request.source);
  return why_not(held, policy.when, asked.snapshot.zones, request.time_us, request.source);
}

std::vector<Consideration> explain(const Snapshot& snapshot, const Request& request) {
  const Asked asked(snapshot, request);
  std::vector<Consideration> out;
  for (const auto& [name, policy] : snapshot.policies) {
    const Outcome outcome = stand(policy, asked);
    const bool by_condition =
        outcome == Outcome::other_time || outcome == Outcome::other_source || outcome == Outcome::uncertain;
    out.push_back({name, outcome, by_condition ? why_not(policy, asked) : ""});
  }
  return out;
}

}  // namespace sallyport::policy
