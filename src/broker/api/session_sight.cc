// SPDX-License-Identifier: Apache-2.0
// Supervisors among callers.
#include "broker/api/session_sight.h"

namespace sallyport::broker::api {

policy::Supervisor supervisor_of(const Caller& caller) {
  return {caller.actor, caller.user, caller.owns_gateway};
}

bool may_supervise(const Services& services, const Caller& caller, const SessionHandle& session) {
  const auto state = services.policy.current();
  return policy::may_supervise(state->resources, session.supervision().rules(), supervisor_of(caller),
                               session.info().user);
}

bool may_watch(const Exchange& exchange, const SessionHandle& session) {
  return exchange.scope() == Scope::everything || may_supervise(exchange.services(), exchange.caller(), session);
}

}  // namespace sallyport::broker::api
