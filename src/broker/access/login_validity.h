// SPDX-License-Identifier: Apache-2.0
// Whether a login still counts: the user is the one who logged in, and what proved that is not taken back, replaced,
// revoked or expired. Trusted side; pure. Whoever is about to give a login something asks here.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "broker/access/identity.h"
#include "broker/access/policy_state.h"
#include "config/config.h"
#include "policy/address.h"
#include "policy/decide.h"

namespace sallyport::broker {

/// now_us on the wall clock. Errors: denied; the message may be shown to the user.
base::Status check_login(const PolicyState& state, const Identity& identity, base::Micros now_us);

/// Only what concerns the certificate, if there is one: what is open ends without it. Errors: as check_login().
base::Status check_certificate(const PolicyState& state, const Identity& identity, base::Micros now_us);

/// What the policies are asked for a user who has logged in, about a place.
policy::Request request_for(const Identity& identity, const policy::Destination& place, base::Micros now_us,
                            const std::string& source_host);

/// A session ends with the certificate, also by a clock that is set back.
void bound_by_login(policy::Grant& grant, const Identity& identity, base::Micros now_us);

/// How long a login without a session is good for a choice or a jump: as long as the configuration says, and not longer
/// than the certificate.
std::int64_t time_for_choice_us(const Identity& identity, const config::Limits& limits, base::Micros now_us);

}  // namespace sallyport::broker
