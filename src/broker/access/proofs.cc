// SPDX-License-Identifier: Apache-2.0
// Ages, and the node's own demands.
#include "broker/access/proofs.h"

#include <algorithm>

namespace sallyport::broker {

policy::Proofs proofs_of(const Identity& identity, base::Micros now_us) {
  policy::Proofs out;
  out.user = identity.user;
  for (const ProvedFactor& one : identity.factors) {
    out.factors.push_back({one.factor, one.kind, now_us - one.proved_us});
  }
  return out;
}

std::vector<policy::Unmet> missing_proofs(const policy::Requirements& requirements, const config::Auth& auth,
                                          const policy::Proofs& proofs) {
  std::vector<policy::Unmet> out = policy::unmet(requirements, proofs);
  // Whatever the login was let in with is good enough for the node: only policies say how old it may be.
  for (const std::string& word : auth.require_factors) {
    const auto factor = policy::factor_from(word);
    const auto is_it = [&](const auto& one) { return factor && one.factor == *factor; };
    if (std::any_of(proofs.factors.begin(), proofs.factors.end(), is_it)) continue;
    const bool named = std::any_of(out.begin(), out.end(), [&](const policy::Unmet& one) {
      return one.what == policy::Unmet::What::factor && is_it(one);
    });
    if (!named) {
      out.insert(out.begin(), {policy::Unmet::What::factor, factor.value_or(policy::Factor::totp),
                               "a second factor (" + word + ")"});
    }
  }
  return out;
}

std::vector<policy::Unmet> missing_for(const policy::Snapshot& resources, const config::Auth& auth,
                                       const Identity& identity, const policy::Request& request, base::Micros now_us) {
  const policy::Decision decision = policy::decide(resources, request);
  const auto* grant = std::get_if<policy::Grant>(&decision);
  if (grant == nullptr) return {};
  return missing_proofs(grant->requirements, auth, proofs_of(identity, now_us));
}

bool names_factor(const std::vector<policy::Unmet>& missing) {
  return std::any_of(missing.begin(), missing.end(),
                     [](const policy::Unmet& one) { return one.what == policy::Unmet::What::factor; });
}

std::string refusal_text(const std::vector<policy::Unmet>& missing, Enrolled enrolled, OwnEnrolment own,
                         const std::string& user) {
  std::string out = policy::sentence(missing);
  if (!names_factor(missing)) return out;
  if (enrolled == Enrolled::yes) return out + " Log in anew, with a one-time code.";
  out += " You are not enrolled for one-time codes: ";
  if (own == OwnEnrolment::yes) return out + "enrol with `ssh " + user + "@GATEWAY enroll-totp`.";
  return out + "ask an administrator for `sallyport user enroll-totp " + user + "`.";
}

}  // namespace sallyport::broker
