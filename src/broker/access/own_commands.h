// SPDX-License-Identifier: Apache-2.0
// Requests for access by the user's own SSH client: asked for, listed, decided and taken back without the command line.
// Trusted side; any thread may call. Who the user is comes from the login, never from the command.
#pragma once

#include <functional>
#include <string>

#include "broker/access/identity.h"
#include "broker/node/services.h"
#include "policy/own_command.h"

namespace sallyport::broker {

/// text is for the user; called once, on any thread.
using OwnReply = std::function<void(const std::string& text, bool ok)>;

/// Carries out what is no `resume`: that is the session's. The login counts as of now. source: "address:port".
void run_own_command(Services& services, const Identity& identity, const std::string& source,
                     const std::string& source_host, const policy::OwnCommand& command, OwnReply reply);

}  // namespace sallyport::broker
