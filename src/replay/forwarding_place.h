// SPDX-License-Identifier: Apache-2.0
// Where a forwarded connection goes, from what stands in its CHANNEL_OPEN or global request. Trusted side; hostile
// bytes.
#pragma once

#include <optional>
#include <string>

namespace sallyport::replay {

/// As "HOST:PORT", "[IPv6]:PORT" or a socket's path; bytes that are no UTF-8 as "hex:…". Not escaped.
struct ForwardingPlace {
  std::string to;
  std::string from;  ///< who connected, as the side that opened the channel says it; empty where nobody says
};

/// RFC 4254, 7.2 (direct-tcpip, forwarded-tcpip) and 6.3.2 (x11: only from); OpenSSH's PROTOCOL, 2.4 (…-streamlocal).
/// nullopt for any other type, and for data that is not what the type says.
std::optional<ForwardingPlace> place_of_channel(const std::string& type, const std::string& data);

/// What a tcpip-forward (RFC 4254, 7.1) or streamlocal-forward, or its cancel, names. nullopt as above.
std::optional<std::string> place_of_global_request(const std::string& type, const std::string& data);

}  // namespace sallyport::replay
