// SPDX-License-Identifier: Apache-2.0
// As whom workers run. Trusted side.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "ipc/zygote_process.h"

namespace sallyport::broker {

/// As root, workers get a user of their own: this one, or nobody. Otherwise they stay who we are, without the rights:
/// none. Errors: not_found.
base::Result<std::optional<ipc::WorkerIdentity>> worker_identity(const std::string& name);

}  // namespace sallyport::broker
