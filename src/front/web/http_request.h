// SPDX-License-Identifier: Apache-2.0
// The head of one HTTP/1.1 request as values, or the reason why it is refused (RFC 9110, RFC 9112). Untrusted side;
// pure. What two parsers could read in two ways is refused, not repaired.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace sallyport::front::web {

inline constexpr std::size_t kMaxHeadBytes = 16 * 1024;
inline constexpr std::size_t kMaxFields = 64;
inline constexpr std::size_t kMaxSegments = 16;
inline constexpr std::size_t kMaxParameters = 32;
inline constexpr std::size_t kMaxCookieBytes = 128;

struct HttpRequest {
  std::string method;
  std::string raw_path;           ///< without the query, as it came
  std::vector<std::string> path;  ///< its segments, decoded
  std::vector<std::pair<std::string, std::string>> query;
  std::string host, origin, fetch_site;
  std::string cookie;  ///< the sign-in's; empty: none
  std::string token;   ///< of Authorization: Bearer
  bool marked = false;
  std::string if_match, if_none_match, content_type, forwarded_for, user_agent, last_event_id, accept, accept_encoding;
  std::optional<std::uint64_t> body_bytes;  ///< Content-Length
  bool expects_continue = false;
  bool keep_alive = true;
  bool is_1_0 = false;
  std::string websocket_key;  ///< of an upgrade to WebSocket (RFC 6455 section 4.2.1); empty: none is asked for
};

struct HttpRefusal {
  unsigned status = 400;
  std::string why;
};

/// How much of the bytes is the head, the empty line included; nothing while it has not ended.
std::optional<std::size_t> head_size(base::ByteView bytes);

/// The whole head, and nothing after it.
std::optional<HttpRefusal> parse_head(base::ByteView head, HttpRequest& out);

}  // namespace sallyport::front::web
