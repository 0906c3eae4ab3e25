// SPDX-License-Identifier: Apache-2.0
// The sandbox as a checklist. Untrusted side. Always on: there is no option to leave a step out, and none may fail.
#pragma once

#include <optional>

#include "sandbox/filter.h"
#include "sandbox/identity.h"
#include "sandbox/limits.h"
#include "sandbox/step.h"

namespace sallyport::sandbox {

/// What a zygote has ready for its workers.
struct Contained {
  int landlock_abi = 0;
  Filter worker_filter;
  WorkerNeeds needs;
};

/// Turns this process, with its one thread and the broker's socket as descriptor kBrokerFd, into a zygote. On failure
/// the process must end: it may be half contained.
Step contain_zygote(const std::optional<Identity>& identity, const WorkerNeeds& needs, Contained& out);

/// Turns a process that the zygote just forked, with its sockets as kBrokerFd and (if it has a peer) kPeerFd, into a
/// worker. Nothing else is open afterwards but /dev/null as 0, 1 and 2. On failure the process must end.
Step contain_worker(const Contained& zygote);

}  // namespace sallyport::sandbox
