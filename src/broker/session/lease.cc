// SPDX-License-Identifier: Apache-2.0
// The decision, once more.
#include "broker/session/lease.h"

#include <variant>

#include "broker/access/login_validity.h"
#include "broker/access/proofs.h"
#include "policy/access_request.h"
#include "policy/decide.h"

namespace sallyport::broker {

policy::Proofs proofs_of(const SessionParts& parts, const policy::Snapshot& resources, base::Micros now_us) {
  policy::Proofs out = proofs_of(parts.facts.identity, parts.checked_us);
  out.supervised = true;  // SessionHandle keeps the gate shut while one is missing
  if (parts.approval) {
    out.approvals = policy::approvals_of(resources, *parts.approval, now_us);
    out.reason = parts.approval->reason;
    out.ticket = parts.approval->ticket;
  }
  return out;
}

policy::Limits stricter_times(policy::Limits now, const policy::Limits& other) {
  for (const auto member :
       {&policy::Limits::idle_seconds, &policy::Limits::input_idle_seconds, &policy::Limits::duration_seconds}) {
    if (other.*member != 0 && (now.*member == 0 || other.*member < now.*member)) now.*member = other.*member;
  }
  return now;
}

LeaseReview review_lease(const PolicyState& state, const SessionParts& parts, base::Micros now_us) {
  const SessionFacts& facts = parts.facts;
  const std::string place = facts.destination.account + "@" + facts.destination.target;
  LeaseReview out;
  if (auto good = check_certificate(state, facts.identity, now_us); !good) {
    out.ends = true;
    out.code = "certificate";
    out.detail = good.message();
    out.text = "The session ends: " + good.message() + ".";
    return out;
  }
  const policy::Decision decision =
      policy::decide(state.resources, request_for(facts.identity, facts.destination, now_us, facts.source_host));
  if (const auto* denial = std::get_if<policy::Denial>(&decision)) {
    out.ends = true;
    out.code = policy::to_string(denial->reason);
    out.detail = denial->detail;
    out.text = "The policies do not let you use " + place + " any more.";
    return out;
  }
  const auto& grant = std::get<policy::Grant>(decision);
  if (const auto missing = policy::unmet(grant.requirements, proofs_of(parts, state.resources, now_us));
      !missing.empty()) {
    out.ends = true;
    out.code = "requirement_unmet";
    out.detail = policy::sentence(missing);
    out.text = "The policies demand more for " + place + " by now. " + out.detail;
    return out;
  }
  const policy::Target* target = state.resources.target(facts.destination.target);
  const policy::Account* account = state.resources.account(facts.destination.account);
  // Where the session is may not be what the inventory means any more.
  if (target == nullptr || account == nullptr || !(target->address() == parts.target.address()) ||
      target->protocol != parts.target.protocol || account->login_name != parts.account.login_name) {
    out.ends = true;
    out.code = "target_changed";
    out.detail = "the target or the account means something else by now";
    out.text = place + " was changed.";
    return out;
  }
  out.supervisors = grant.requirements.supervisors;
  policy::Permissions taken = parts.grant.permissions;
  taken.remove(grant.permissions);
  out.permissions = parts.grant.permissions;
  out.permissions.remove(taken);
  out.limits = stricter_times(parts.grant.limits, grant.limits);
  return out;
}

}  // namespace sallyport::broker
