// SPDX-License-Identifier: Apache-2.0
// Own user, mount, IPC, network and host-name namespaces: nothing outside is left to name.
#pragma once

#include <sys/types.h>

#include "sandbox/step.h"

namespace sallyport::sandbox {

/// Once, in a zygote, while it has one thread. No user id is mapped: inside, nobody is anybody.
Step enter_namespaces();

/// Forks as the process 1 of a new process namespace, as a child of this process's parent, which alone may wait for it.
/// Returns the child's number as this process sees it, 0 in the child, -1 and errno. The plain system call: no
/// library's fork handler runs, so whatever keeps state about its process (random generators!) must be told by the
/// caller.
pid_t fork_into_process_namespace();

}  // namespace sallyport::sandbox
