// SPDX-License-Identifier: Apache-2.0
// Finds out whether this host can hold the sandbox by really trying each step in a child, and says what to do where it
// cannot. Trusted side (the broker at start-up, `sallyport doctor`); changes nothing in the calling process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/identity.h"

namespace sallyport::sandbox {

enum class FindingState { ok, warn, fail };

struct Finding {
  std::string name;  ///< "user namespaces"
  FindingState state = FindingState::ok;
  std::string detail;  ///< the call and what the kernel answered, or the version found
  std::string why;     ///< what the step is for
  std::string remedy;  ///< what to do; empty when ok
};

const char* to_string(FindingState state);

/// Tries every step as the zygotes will do it (identity: the worker user when the caller is root). Forks one child a
/// step and waits for it: tens of milliseconds. Never throws; a check that cannot run is itself a failed finding.
std::vector<Finding> examine_host(const std::optional<Identity>& identity);

/// True when no finding is fail: the broker may start.
bool can_serve(const std::vector<Finding>& findings);

}  // namespace sallyport::sandbox
