// SPDX-License-Identifier: Apache-2.0
// The parts of an address (RFC 3986), decoded once and strictly. Untrusted side; pure.
#pragma once

#include <optional>
#include <string_view>

#include "front/web/http_request.h"

namespace sallyport::front::web {

/// "/api/v1/sessions?all=1" into the request's path and query. An absolute address, a dot segment, an empty segment, an
/// encoded slash or control character, and what is no UTF-8 are refused.
std::optional<HttpRefusal> read_target(std::string_view target, HttpRequest& out);

/// A host, and perhaps a port.
bool is_authority(std::string_view text);
/// Letters, digits, - and _: what the gateway's tokens are made of.
bool is_token(std::string_view text);

}  // namespace sallyport::front::web
