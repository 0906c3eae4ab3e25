// SPDX-License-Identifier: Apache-2.0
// Users who enrol themselves for one-time codes by their SSH client. Trusted side. The reply to a user is the only
// place where the secret and the recovery codes show; no log and no audit event has them.
#pragma once

#include <optional>
#include <string>

#include "broker/access/own_commands.h"
#include "config/config.h"
#include "identity/totp.h"

namespace sallyport::broker {

/// How fresh the proof behind an enrolment must be.
inline constexpr base::Micros kEnrolmentProofUs = base::Micros{300} * 1'000'000;

struct OwnEnrolmentCheck {
  std::string refusal = {};  ///< for the user; empty: the user may enrol
  identity::Present present = identity::Present::stays;
};

/// Whether this login is good enough to enrol by. enrolled: the user has a factor. now_us on the monotonic clock. Pure.
OwnEnrolmentCheck check_own_enrolment(config::SelfEnrolment setting, bool enrolled, const Identity& identity,
                                      base::Micros now_us);

/// Begins an enrolment, or confirms it with a code. Any thread.
void run_own_enrolment(Services& services, const Identity& identity, const std::string& source,
                       const policy::EnrollCommand& command, OwnReply reply);

}  // namespace sallyport::broker
