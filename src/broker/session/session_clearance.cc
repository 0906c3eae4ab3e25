// SPDX-License-Identifier: Apache-2.0
// Proofs against requirements.
#include "broker/session/session_clearance.h"

#include <algorithm>

#include "broker/access/proofs.h"
#include "broker/session/lease.h"
#include "policy/requirements.h"

namespace sallyport::broker {

using policy::Unmet;

namespace {

bool has(const std::vector<Unmet>& missing, Unmet::What what) {
  return std::any_of(missing.begin(), missing.end(), [&](const Unmet& one) { return one.what == what; });
}

// A request brings its approval, its reason and its ticket; nothing else can be waited for.
bool a_request_may_bring(const std::vector<Unmet>& missing) {
  return std::all_of(missing.begin(), missing.end(), [](const Unmet& one) {
    return one.what == Unmet::What::approval || one.what == Unmet::What::reason || one.what == Unmet::What::ticket;
  });
}

}  // namespace

bool SessionClearance::check(const policy::Grant& grant, const PolicyState& state) {
  const SessionFacts& facts = parts_.facts;
  parts_.checked_us = clock_.monotonic_us();
  const std::vector<Unmet> missing =
      missing_proofs(grant.requirements, auth_, proofs_of(parts_, state.resources, clock_.now_us()));
  const policy::User* user = state.resources.user(facts.identity.user);
  const bool invited = user != nullptr && user->outsider;
  if (missing.empty() && (!invited || parts_.approval)) return true;
  if (invited && !asked_ && !has(missing, Unmet::What::factor)) {
    asked_ = true;
    wait_.begin(
        {facts.identity.user, facts.identity.incarnation.life, facts.destination.account, facts.destination.target,
         grant.requirements.approvals, parts_.id, user->outsider->invitation, grant.permissions},
        facts.source);
    return false;
  }
  if (asked_ || !a_request_may_bring(missing)) {
    const Enrolled enrolled = state.is_enrolled(facts.identity.user) ? Enrolled::yes : Enrolled::no;
    const OwnEnrolment own = auth_.self_enrolment == config::SelfEnrolment::yes ? OwnEnrolment::yes : OwnEnrolment::no;
    owner_.not_cleared("requirement_unmet", policy::sentence(missing),
                       refusal_text(missing, enrolled, own, facts.identity.user), "a requirement is not met");
    return false;
  }
  asked_ = true;
  // A connection cannot say why it wants something: then only a request that was made before will do.
  const bool words = has(missing, Unmet::What::reason) || has(missing, Unmet::What::ticket);
  std::string instead;
  if (words) {
    const bool asks = has(missing, Unmet::What::approval);
    if (!asks) unmet_ = policy::sentence(missing);
    instead = policy::sentence(missing) + (asks ? " Ask for it first" : " Say why first, it counts for an hour") +
              ": ssh USER@GATEWAY \"request " + facts.destination.account + "@" + facts.destination.target +
              " [--ticket TICKET] REASON\".";
  }
  wait_.begin({facts.identity.user, facts.identity.incarnation.life, facts.destination.account,
               facts.destination.target, grant.requirements.approvals, parts_.id, "", grant.permissions},
              facts.source, instead);
  return false;
}

void SessionClearance::bound(policy::Grant& grant) const {
  if (!parts_.approval) return;
  grant.bound = parts_.approval->bound;
  // What a policy allows since it was asked for is not what was approved.
  if (const auto* place = policy::place_of(*parts_.approval, parts_.facts.destination.target)) {
    grant.permissions.keep(place->permissions);
  }
  if (!grant.bound.commands.empty()) {
    policy::Permissions others = grant.permissions;
    policy::Permissions exec;
    exec.add(policy::Permission::exec);
    others.remove(exec);
    grant.permissions.remove(others);
  }
  // Nobody limited how long the reason is good for.
  if (parts_.approval->stated) return;
  const std::int64_t left =
      std::max<std::int64_t>(1, (policy::good_until_us(*parts_.approval) - clock_.now_us()) / 1'000'000);
  std::int64_t& duration = grant.limits.duration_seconds;
  duration = duration == 0 ? left : std::min(duration, left);
}

void SessionClearance::approved(const policy::AccessRequest& request) {
  parts_.approval = request;
  owner_.look_again();
}

void SessionClearance::waits_for_approval(const std::string& text, const std::string& request) {
  if (parts_.front == nullptr) return;
  parts_.front->tell({"Sallyport: " + text, {}, Notice::Session::waits, request});
}

void SessionClearance::not_approved(const std::string& text, const std::string& reason) {
  if (unmet_.empty()) return owner_.not_cleared("not_approved", reason, text, reason);
  owner_.not_cleared("requirement_unmet", unmet_, text, "a requirement is not met");
}

}  // namespace sallyport::broker
