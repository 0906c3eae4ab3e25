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
    : snapshot(of), request(what), groups(groups_of(of, what.user, what.groups)), target(of.target(what.target)) {}

Outcome stand(const Policy& policy, const Asked& asked) {
  if (!names_subject(policy.subjects, asked.request.user, asked.groups)) return Outcome::other_subject;
  if (asked.target == nullptr || !matches(policy.targets, *asked.target)) return Outcome::other_target;
  if (!names_account(policy, asked.request.account)) return Outcome::other_account;
  switch (holds(policy.when, asked.snapshot.zones, asked.request.time_us, asked.request.source)) {
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
  return policy.effect == Effect::deny || policy.allow.empty() ? Outcome::denies : Outcome::allows;
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
