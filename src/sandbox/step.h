// SPDX-License-Identifier: Apache-2.0
// How a step of the sandbox reports that it did not happen. Every such failure is fatal to the process that tried.
#pragma once

#include <optional>
#include <string>

namespace sallyport::sandbox {

struct Failure {
  std::string what;    ///< "unshare(CLONE_NEWUSER): Operation not permitted (EPERM)"
  std::string remedy;  ///< what the host's administrator can do
};

/// Empty: the step is done.
using Step = std::optional<Failure>;

/// call as a person would look it up, error as errno had it.
Failure failed(const std::string& call, int error, std::string remedy);

}  // namespace sallyport::sandbox
