// SPDX-License-Identifier: Apache-2.0
// What the proof of a login leaves of what policies allow: a certificate may permit less. Trusted side; plain values.
#pragma once

#include <optional>
#include <string>

#include "policy/permission.h"

namespace sallyport::policy {

/// By default it leaves all.
struct ProofLimits {
  Permissions at_most = Permissions::all();
  bool terminal = true;                     ///< a terminal may be asked for
  std::optional<std::string> only_command;  ///< no other program may be started; "internal-sftp": the subsystem sftp
  bool operator==(const ProofLimits&) const = default;
};

}  // namespace sallyport::policy
