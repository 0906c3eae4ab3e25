// SPDX-License-Identifier: Apache-2.0
// A user who is disabled, deleted or made anew keeps no live session, and an old login opens nothing new. Trusted side;
// any thread may call.
#pragma once

#include <cstddef>
#include <string>

#include "broker/node/services.h"

namespace sallyport::broker {

/// Has each live session look at the policies in force: it ends, or loses what they do not allow any more. Terminates,
/// in actor's name, each live session whose user may not log in by the policy in force, or is another one of the same
/// name; what hangs in a disk is killed half a second later. Connections that are logged in compare their identity
/// themselves, and those without a session end. For whoever has put another policy in force, on the same thread as the
/// change. Returns how many sessions. What is being opened meanwhile is not missed: it looks at the policy after it can
/// be found here.
std::size_t end_what_is_barred(Services& services, const std::string& actor);

/// Ends each live session under a request that was ended on another node. Blocks: on the store's thread. Where the
/// store fails, the requests owe a look: then it is to be called again.
void end_what_was_ended_elsewhere(Services& services);

/// Ends each live session that was opened under this request for access, in actor's name; its user hears why.
std::size_t end_sessions_under(Services& services, const std::string& request, const std::string& actor,
                               const std::string& why = "the approval was ended");

}  // namespace sallyport::broker
