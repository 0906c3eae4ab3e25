// SPDX-License-Identifier: Apache-2.0
// A fresh code where the policy of a chosen target demands one that is younger than the login's.
#include "broker/access/login_validity.h"
#include "broker/access/proofs.h"
#include "broker/ssh/connection.h"

namespace sallyport::broker {

// Whether what the policies demand for the identity's destination comes to a code that the user can have.
bool Connection::needs_code(const Identity& identity) const {
  const auto state = services_.policy.current();
  if (!identity.destination || !state->is_enrolled(identity.user)) return false;
  const policy::Request request =
      request_for(identity, *identity.destination, services_.clock.now_us(), origin_.source_host);
  return names_factor(
      missing_for(state->resources, services_.config.auth, identity, request, services_.clock.monotonic_us()));
}

// The session holds what the user sends until it opens.
void Connection::step_up() {
  step_up_ =
      std::make_unique<StepUp>(*entrance_.codes, services_.user_audit, *front_, thread_.loop(),
                               StepUp::Asker{identity_->user, origin_.source, Admission::source_of(origin_.source_host),
                                             services_.config.limits.auth_tries},
                               [this](StepUp::Outcome outcome) { stepped_up(outcome); });
  deadline_.after_us(std::int64_t{services_.config.auth.factor_seconds} * 1'000'000,
                     [this] { stepped_up(StepUp::Outcome::failed); });
  step_up_->ask();
}

// Without a proof the opening refuses, and says what is missing.
void Connection::stepped_up(StepUp::Outcome outcome) {
  step_up_.reset();
  deadline_.cancel();
  if (front_gone_) return;
  if (outcome == StepUp::Outcome::proved) {
    session_->prove({policy::Factor::totp, policy::FactorProof::Kind::by_this_login, services_.clock.monotonic_us()});
  }
  session_->open();
}

}  // namespace sallyport::broker
