// SPDX-License-Identifier: Apache-2.0
// Which program tells people of requests and changes, and as which user it runs. Trusted side; it is never root.
#pragma once

#include <optional>

#include "base/result.h"
#include "broker/node/hook_process.h"
#include "config/config.h"

namespace sallyport::broker {

/// workers: the user of workers, which runs it where the configuration names none. No command: an empty program.
/// Errors: not_found (no such user, or root), denied (this process cannot become that user).
base::Result<HookProcess::Program> hook_program(const config::Notify& notify,
                                                const std::optional<ipc::WorkerIdentity>& workers);

}  // namespace sallyport::broker
