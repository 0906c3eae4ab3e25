// SPDX-License-Identifier: Apache-2.0
// What may run in the sessions of an approval, for approvals of automation. Trusted side, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::policy {

/// Most commands of one approval.
inline constexpr std::size_t kMaxBoundCommands = 200;
/// How a client says which playbook it runs, in the environment of its session.
inline constexpr std::string_view kPlaybookVariable = "SALLYPORT_PLAYBOOK_SHA256";

struct ProgramBound {
  std::vector<std::string> commands;  ///< SHA-256 of each command line that may run, in hexadecimal; empty: any
  std::string playbook;               ///< SHA-256 that the client must state before a program starts; empty: none
  bool empty() const { return commands.empty() && playbook.empty(); }
  bool operator==(const ProgramBound&) const = default;
};

/// Errors: invalid: not hashes in lower-case hexadecimal, or too many.
base::Status check_bound(const ProgramBound& bound);

/// Whether a command line is one of those of the bound, which has some.
bool may_run(const ProgramBound& bound, std::string_view command_line);

}  // namespace sallyport::policy
