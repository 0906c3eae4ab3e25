// SPDX-License-Identifier: Apache-2.0
// Which live sessions a caller may see and watch without the right to all of them: as the policies name them among a
// session's supervisors. Trusted side, main loop.
#pragma once

#include "broker/api/exchange.h"
#include "broker/session/session_handle.h"

namespace sallyport::broker::api {

policy::Supervisor supervisor_of(const Caller& caller);

/// Whether the policies in force name the caller among those who may supervise this session.
bool may_supervise(const Services& services, const Caller& caller, const SessionHandle& session);
/// Whoever may watch all sessions, or supervise this one.
bool may_watch(const Exchange& exchange, const SessionHandle& session);

}  // namespace sallyport::broker::api
