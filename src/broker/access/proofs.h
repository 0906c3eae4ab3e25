// SPDX-License-Identifier: Apache-2.0
// What a login has shown, as the requirements of a policy ask for it. Trusted side; pure. Each kind of proof that the
// broker learns to check is filled in here; what stands in no proof is refused.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "broker/access/identity.h"
#include "config/config.h"
#include "policy/decide.h"
#include "policy/requirements.h"

namespace sallyport::broker {

/// now_us on the monotonic clock.
policy::Proofs proofs_of(const Identity& identity, base::Micros now_us);

/// What the grant's requirements and the node's configuration demand and the proofs do not show.
std::vector<policy::Unmet> missing_proofs(const policy::Requirements& requirements, const config::Auth& auth,
                                          const policy::Proofs& proofs);

/// The same for a session that is not asked for yet, by the policy in force. Empty where no policy grants it: the
/// opening says why.
std::vector<policy::Unmet> missing_for(const policy::Snapshot& resources, const config::Auth& auth,
                                       const Identity& identity, const policy::Request& request, base::Micros now_us);

/// Whether a factor is among it.
bool names_factor(const std::vector<policy::Unmet>& missing);

enum class Enrolled : bool { no, yes };
/// Whether users without a factor may enrol themselves.
enum class OwnEnrolment : bool { no, yes };
/// For the user: what is missing, and where it is a factor, how to have one.
std::string refusal_text(const std::vector<policy::Unmet>& missing, Enrolled enrolled, OwnEnrolment own,
                         const std::string& user);

}  // namespace sallyport::broker
