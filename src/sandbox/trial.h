// SPDX-License-Identifier: Apache-2.0
// Runs a step of the sandbox in a child, so that the host can be examined without changing this process. Trusted side.
#pragma once

#include <sys/types.h>

#include <functional>

#include "sandbox/step.h"

namespace sallyport::sandbox {

/// fork(2), in a way that leaves the child one thread under the thread sanitizer too.
pid_t fork_for_trial();

/// Forks, runs the steps in the child, and reports its failure: what it returned, or how it ended if it did not return.
Step try_in_child(const std::function<Step()>& steps);

}  // namespace sallyport::sandbox
