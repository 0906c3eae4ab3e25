// SPDX-License-Identifier: Apache-2.0
// Channel requests of SSH to events and back (RFC 4254 §6). Untrusted side; pure.
#pragma once

#include "base/result.h"
#include "codec/ssh/connection.h"

namespace sallyport::event {
class Exit;
class Request;
}  // namespace sallyport::event

namespace sallyport::leg::ssh {

/// The most bytes of a request's contents: what fits the largest packet that OpenSSH takes (256 KiB), with its head and
/// any cipher's padding.
inline constexpr std::size_t kMaxRequestBytes = 254 * 1024;

/// What a peer asked. Errors: unsupported, when it is too long for an event or a name is not text.
base::Status to_event(const codec::ssh::ChannelRequest& request, event::Request& out);
/// exit-status and exit-signal; false for any other request.
bool to_event(const codec::ssh::ChannelRequest& request, event::Exit& out);

/// Sends what the far leg asked to the peer.
base::Status send_request(codec::ssh::Connection& connection, codec::ssh::ChannelId id, const event::Request& request);
base::Status send_exit(codec::ssh::Connection& connection, codec::ssh::ChannelId id, const event::Exit& exit);

}  // namespace sallyport::leg::ssh
