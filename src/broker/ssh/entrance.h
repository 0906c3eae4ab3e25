// SPDX-License-Identifier: Apache-2.0
// How users come in by SSH: what all their connections share. Trusted side; owned by the node, which outlives them.
#pragma once

#include <memory>

#include "broker/intake/listener.h"
#include "broker/node/gateway.h"
#include "broker/ssh/host_identity.h"
#include "broker/ssh/password_judge.h"

namespace sallyport::broker {

struct SshEntrance {
  Gateway& gateway;
  Zygotes& fronts;
  std::shared_ptr<const HostIdentity> identity;  ///< the listener's
  std::shared_ptr<PasswordJudge> passwords;

  /// Begins a connection on its thread. Main thread.
  void take(SessionThread& thread, base::Fd socket, Arrival arrival);
};

/// That of a node.
SshEntrance ssh_entrance(Gateway& gateway, Zygotes& fronts, std::shared_ptr<const HostIdentity> identity);

}  // namespace sallyport::broker
