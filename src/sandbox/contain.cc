// SPDX-License-Identifier: Apache-2.0
// The order matters: each step needs something that a later one takes away.
#include "sandbox/contain.h"

#include "sandbox/descriptors.h"
#include "sandbox/landlock.h"
#include "sandbox/namespaces.h"
#include "sandbox/privileges.h"
#include "sandbox/root.h"
#include "sandbox/seccomp_worker.h"
#include "sandbox/seccomp_zygote.h"

namespace sallyport::sandbox {

Step contain_zygote(const std::optional<Identity>& identity, const WorkerNeeds& needs, Contained& out) {
  out.landlock_abi = landlock_abi();
  out.needs = needs;
  Filter zygote;
  if (auto f = zygote_filter(needs, zygote)) return f;
  if (auto f = worker_filter(needs, out.worker_filter)) return f;
  if (auto f = close_all_above(kBrokerFd)) return f;
  if (auto f = silence_standard_streams()) return f;
  if (auto f = become(identity)) return f;
  if (auto f = enter_namespaces()) return f;
  if (auto f = die_with_broker(kBrokerFd)) return f;
  if (auto f = enter_empty_root()) return f;
  if (auto f = forbid_new_privileges()) return f;
  if (auto f = hide_from_debuggers()) return f;
  if (auto f = limit_zygote(needs)) return f;
  if (auto f = forbid_file_access()) return f;
  if (auto f = keep_only_namespace_capability()) return f;
  return zygote.install();
}

Step contain_worker(const Contained& zygote) {
  const bool has_peer = zygote.needs.peer == WorkerNeeds::Peer::socket;
  if (auto f = close_all_above(has_peer ? kPeerFd : kBrokerFd)) return f;
  if (auto f = limit_worker(zygote.needs)) return f;
  if (auto f = drop_all_capabilities()) return f;
  if (auto f = silence_standard_error()) return f;
  if (auto f = die_with_broker(kBrokerFd)) return f;
  return zygote.worker_filter.install();
}

}  // namespace sallyport::sandbox
