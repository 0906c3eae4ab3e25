// SPDX-License-Identifier: Apache-2.0
// The three facts, and what is under way.
#include "broker/session/gate_locks.h"

namespace sallyport::broker {

void GateLocks::ask(ControlAction action) {
  if (action == ControlAction::pause || action == ControlAction::suspend) ++shuts_under_way_;
  if (action == ControlAction::suspend) ++suspends_under_way_;
  if (action == ControlAction::terminate) terminated_ = true;
}

void GateLocks::carry_out(ControlAction action, base::Micros now_us) {
  switch (action) {
    case ControlAction::suspend:
      --suspends_under_way_;
      proof_owed_ = true;
      proof_wanted_since_.reset();
      [[fallthrough]];
    case ControlAction::pause:
      --shuts_under_way_;
      wanted_shut_ = true;
      break;
    case ControlAction::resume:
      wanted_shut_ = false;
      if (proof_owed_ && !proof_wanted_since_) proof_wanted_since_ = now_us;
      break;
    case ControlAction::terminate:
    case ControlAction::message:
    case ControlAction::reauthenticated:
      break;
  }
}

base::Status GateLocks::take_proof(base::Micros proved_us) {
  if (!proof_wanted_since_) return base::fail(base::Errc::invalid, "this session does not wait for you");
  // A connection that was there before may be an unattended one: it proves nothing of now.
  if (proved_us <= *proof_wanted_since_) {
    return base::fail(base::Errc::denied, "you logged in here before the session was resumed: log in anew for this");
  }
  proof_owed_ = false;
  proof_wanted_since_.reset();
  return {};
}

}  // namespace sallyport::broker
