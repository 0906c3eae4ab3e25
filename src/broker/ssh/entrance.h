// SPDX-License-Identifier: Apache-2.0
// How users come in by SSH: what all their connections share. Trusted side; owned by the node, which outlives them.
#pragma once

#include <functional>
#include <memory>

#include "broker/access/code_judge.h"
#include "broker/access/invitation_desk.h"
#include "broker/access/password_judge.h"
#include "broker/access/remembered_factors.h"
#include "broker/intake/listener.h"
#include "broker/node/gateway.h"
#include "broker/session/user_session.h"
#include "broker/ssh/host_identity.h"

namespace sallyport::broker {

struct SshEntrance {
  Gateway& gateway;
  /// Has a front forked that owns the socket; done() is called once, on any thread.
  std::function<void(base::Fd socket, std::function<void(base::Result<SpawnedWorker>)> done)> spawn_front;
  MakeSession make_session;
  std::shared_ptr<const HostIdentity> identity;  ///< the listener's
  std::shared_ptr<PasswordJudge> passwords;
  std::shared_ptr<CodeJudge> codes;
  std::shared_ptr<RememberedFactors> remembered;
  std::shared_ptr<InvitationDesk> invitations;

  /// Begins a connection on its thread. Main thread.
  void take(SessionThread& thread, base::Fd socket, Arrival arrival);
};

/// That of a node.
SshEntrance ssh_entrance(Gateway& gateway, Zygotes& fronts, std::shared_ptr<const HostIdentity> identity);

}  // namespace sallyport::broker
