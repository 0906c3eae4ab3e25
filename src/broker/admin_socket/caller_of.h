// SPDX-License-Identifier: Apache-2.0
// Which user of Sallyport, and which roles, stand behind a local account. Trusted side, pure. Asked for each request: a
// role that was taken away is gone at once.
#pragma once

#include "broker/admin_socket/peer.h"
#include "broker/api/caller.h"
#include "policy/decide.h"

namespace sallyport::broker::admin_socket {

/// Root, and the account that runs the gateway, are administrators. Another account has the roles of the user who owns
/// it (`local_account`): none when nobody does, or more than one user claims it, or the user is disabled.
api::Caller caller_of(const Peer& peer, const policy::Snapshot& snapshot);

}  // namespace sallyport::broker::admin_socket
