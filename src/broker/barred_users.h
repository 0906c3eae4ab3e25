// SPDX-License-Identifier: Apache-2.0
// A user who is disabled or deleted keeps no live session. Trusted side; any thread may call.
#pragma once

#include <cstddef>
#include <string>

#include "broker/services.h"

namespace sallyport::broker {

/// Terminates, in actor's name, each live session whose user may not log in by the policy in force; what hangs in a
/// disk is killed half a second later. For whoever has put another policy in force. Returns how many. A session that
/// is being opened meanwhile is not missed: it looks at the policy after it can be found here.
std::size_t end_sessions_of_barred_users(Services& services, const std::string& actor);

}  // namespace sallyport::broker
