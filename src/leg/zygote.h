// SPDX-License-Identifier: Apache-2.0
// The main function of every front, back and inspector: a zygote that enters its sandbox holding no secret, then forks
// one worker a session. Untrusted side. It must never parse a byte that came from a user or a target.
#pragma once

#include <string>

#include "base/result.h"
#include "ipc/worker_exit.h"
#include "sandbox/limits.h"

namespace sallyport::leg {

/// What a worker is born with, and all of it. Both are non-blocking (the broker sets that; the sandbox cannot).
struct WorkerSockets {
  int broker = -1;  ///< SOCK_SEQPACKET to the broker (Link)
  int peer = -1;    ///< the user's or the target's connection; none for a worker that has no peer
};

/// Runs once in the zygote, inside its sandbox: whatever libraries do lazily (fetching ciphers, one key exchange), so
/// that workers share those pages. May be null. OpenSSL's generator is warmed and reseeded by the zygote itself.
using WarmUp = void (*)();

/// Runs once before the sandbox closes, with the folder that the broker names (`--folder`): what workers show and
/// nobody may change afterwards. It must parse nothing. Null: the program reads no file.
using ReadFolder = base::Status (*)(const std::string& folder);

/// One worker, inside the narrow sandbox, as process 1 of its own namespace; returns the exit status. May not return
/// resources to the zygote: the process ends with it.
using WorkerMain = int (*)(WorkerSockets);

using ipc::kExitAborted;
using ipc::kExitBrokerGone;
using ipc::kExitProtocol;
using ipc::kExitSandbox;
using ipc::kExitUsage;

/// `PROGRAM --uid N --gid N` with the broker's control socket as descriptor 3 (ipc/zygote.proto). Contains itself,
/// warms up, reports ready, then serves spawn requests until the broker closes the socket. A person who starts it by
/// hand, or asks for --help, is told what it is; the status is then 2.
int run_zygote(int argc, char** argv, WarmUp warm_up, WorkerMain worker_main, sandbox::WorkerNeeds needs = {},
               ReadFolder read_folder = nullptr);

}  // namespace sallyport::leg
