// SPDX-License-Identifier: Apache-2.0
// The broker's side of zygotes: starts one, and takes hold of the workers it forks. Trusted side. Call from one thread
// that lives as long as the process (the main thread): the kernel ends zygotes and workers with the thread that is
// their parent. Never wait for "any child": a worker's number is only safe to use until somebody reaps it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sallyport::ipc {

struct ZygoteProcess {
  pid_t pid = -1;
  base::Fd pidfd;    ///< readable when it has ended
  base::Fd control;  ///< SOCK_SEQPACKET: SpawnRequest out, ZygoteReply in (ipc/zygote.proto)
};

struct WorkerIdentity {
  uid_t uid;
  gid_t gid;
};

/// Executes program with an empty environment and nothing open but /dev/null, our standard error and its control
/// socket. identity is required when the caller is root. folder: what it reads before its sandbox closes; empty: none.
/// The zygote answers Ready or Failed on the control socket.
base::Result<ZygoteProcess> start_zygote(const std::string& program, const std::optional<WorkerIdentity>& identity,
                                         const std::string& folder = {});

/// A pidfd for a worker that the zygote said it forked. Checked: the number is a child of this process, so a wrong
/// number cannot make the broker signal a stranger (Errc::denied). Readable when the worker has ended.
base::Result<base::Fd> adopt_worker(pid_t pid);

/// How a process ended.
struct Ending {
  bool signalled = false;
  int status = 0;  ///< exit status, or the signal (SIGSYS: its sandbox refused a system call)
};

/// Reaps the child behind a pidfd; nullopt while it still runs.
base::Result<std::optional<Ending>> reap(const base::Fd& pidfd);

/// SIGKILL through the pidfd; fine when it is gone already.
base::Status kill_now(const base::Fd& pidfd);

}  // namespace sallyport::ipc
