// SPDX-License-Identifier: Apache-2.0
// The whole sandbox tried at once, on the installed executables: steps that work alone may fail together. Trusted side.
#pragma once

#include <optional>
#include <string>

#include "sandbox/doctor.h"
#include "sandbox/identity.h"

namespace sallyport::cli {

/// Whether the program's workers have a peer beside the broker.
enum class WorkerPeer : bool { none, socket };

/// Starts program as the broker does, lets it fork one worker, tells that nonsense, and waits for both to end: at most
/// ten seconds for each step. name is the finding's.
sandbox::Finding try_worker(const std::string& name, const std::string& program,
                            const std::optional<sandbox::Identity>& identity, WorkerPeer peer);

}  // namespace sallyport::cli
