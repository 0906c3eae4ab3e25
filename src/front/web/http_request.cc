// SPDX-License-Identifier: Apache-2.0
// Boost.Beast reads the fields; what it lets pass and we do not is looked at before and after.
#include "front/web/http_request.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <charconv>

#include "base/escape.h"
#include "front/web/url_parts.h"

namespace sallyport::front::web {

namespace {

namespace http = boost::beast::http;

using Refused = std::optional<HttpRefusal>;

constexpr const char* kCookieName = "__Host-sallyport";
constexpr std::size_t kMaxValueBytes = 512;
constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

// RFC 9112 section 2.2: CR LF ends a line; no field value holds a bare one of them, nor NUL (RFC 9110 section 5.5); no
// line continues the one before (section 5.2).
Refused check_lines(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (c == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return HttpRefusal{400, "a bare CR"};
    if (c == '\n' && (i == 0 || head[i - 1] != '\r')) return HttpRefusal{400, "a bare LF"};
    if (c == '\n' && i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) {
      return HttpRefusal{400, "a folded header field"};
    }
    if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) return HttpRefusal{400, "a control character"};
  }
  return std::nullopt;
}

// A blank before the colon, or in a name, is what smuggles (RFC 9112 section 5.1).
Refused check_names(std::string_view head) {
  std::size_t at = head.find("\r\n") + 2;
  std::size_t fields = 0;
  while (at < head.size()) {
    const std::size_t end = head.find("\r\n", at);
    if (end == std::string_view::npos || end == at) break;
    const std::string_view line = head.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) return HttpRefusal{400, "a header field without a name"};
    for (const char c : line.substr(0, colon)) {
      const bool token = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                         c == '_' || c == '.';
      if (!token) return HttpRefusal{400, "a character that no name of a header field has"};
    }
    if (++fields > kMaxFields) return HttpRefusal{431, "too many header fields"};
    at = end + 2;
  }
  return std::nullopt;
}

std::string_view of(const boost::beast::string_view& text) {
  return {text.data(), text.size()};
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(x) == lower(y);
  });
}

bool list_has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view one = list.substr(0, comma);
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
    if (same_word(one, word)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

struct Fields {
  const http::fields& all;
  Refused refused = std::nullopt;

  // One field of the name at most.
  std::string one(std::string_view name, std::size_t most = kMaxValueBytes) {
    const auto [first, last] = all.equal_range(boost::beast::string_view(name.data(), name.size()));
    if (first == last) return {};
    if (std::next(first) != last) refused = HttpRefusal{400, "the header field " + std::string(name) + " comes twice"};
    std::string value(of(first->value()));
    if (value.size() > most) refused = HttpRefusal{431, "the header field " + std::string(name) + " is too long"};
    if (!base::is_utf8(value)) refused = HttpRefusal{400, "the header field " + std::string(name) + " is no UTF-8"};
    return value;
  }
  bool has(std::string_view name) const { return all.count(boost::beast::string_view(name.data(), name.size())) > 0; }
};

Refused read_cookie(const http::fields& fields, std::string& out) {
  const auto [first, last] = fields.equal_range(http::field::cookie);
  for (auto at = first; at != last; ++at) {
    std::string_view rest = of(at->value());
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != kCookieName) continue;
      const std::string_view value = pair.substr(equals + 1);
      if (!out.empty()) return HttpRefusal{400, "the sign-in's cookie comes twice"};
      if (!is_token(value) || value.size() > kMaxCookieBytes) return HttpRefusal{400, "a cookie that is no sign-in"};
      out = value;
    }
  }
  return std::nullopt;
}

Refused read_body_size(Fields& fields, HttpRequest& out) {
  // RFC 9112 section 6.1: nobody who speaks to us needs it, and it is the other half of every smuggled request.
  if (fields.has("Transfer-Encoding")) return HttpRefusal{501, "a transfer coding: send Content-Length"};
  if (fields.has("Trailer") || fields.has("TE")) return HttpRefusal{400, "trailer fields"};
  if (!fields.has("Content-Length")) return std::nullopt;
  const std::string text = fields.one("Content-Length", 16);
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return HttpRefusal{400, "a length that is no number"};
  }
  out.body_bytes = size;
  return std::nullopt;
}

Refused read_upgrade(Fields& fields, HttpRequest& out, std::string_view connection) {
  if (!fields.has("Upgrade")) return std::nullopt;
  const std::string upgrade = fields.one("Upgrade", 64);
  if (!list_has(upgrade, "websocket") || !list_has(connection, "upgrade")) return std::nullopt;  // it may be ignored
  const std::string key = fields.one("Sec-WebSocket-Key", 64);
  auto raw = base::from_base64(key);
  if (out.method != "GET" || out.is_1_0 || !raw || raw->size() != 16) return HttpRefusal{400, "no WebSocket handshake"};
  if (fields.one("Sec-WebSocket-Version", 8) != "13") return HttpRefusal{426, "WebSocket of version 13 alone"};
  out.websocket_key = key;
  return std::nullopt;
}

Refused read_fields(const http::fields& all, HttpRequest& out) {
  Fields fields{all};
  if (all.count(http::field::host) != 1) return HttpRefusal{400, "one Host is needed"};
  out.host = fields.one("Host", 256);
  if (!is_authority(out.host)) return HttpRefusal{400, "a Host that names none"};
  out.origin = fields.one("Origin", 300);
  out.fetch_site = fields.one("Sec-Fetch-Site", 32);
  out.marked = fields.has("X-Sallyport");
  out.if_match = fields.one("If-Match", 64);
  out.if_none_match = fields.one("If-None-Match", 128);
  out.content_type = fields.one("Content-Type", 128);
  out.user_agent = fields.one("User-Agent", 1024);
  out.last_event_id = fields.one("Last-Event-ID", 64);
  const auto accept = all.find(http::field::accept);
  if (accept != all.end()) out.accept = of(accept->value());
  const auto encoding = all.find(http::field::accept_encoding);
  if (encoding != all.end()) out.accept_encoding = of(encoding->value());
  // The proxy nearest to us added the last address.
  if (const auto [first, last] = all.equal_range("X-Forwarded-For"); first != last) {
    std::string_view list;
    for (auto at = first; at != last; ++at) list = of(at->value());
    const std::size_t comma = list.rfind(',');
    if (comma != std::string_view::npos) list.remove_prefix(comma + 1);
    while (!list.empty() && list.front() == ' ') list.remove_prefix(1);
    while (!list.empty() && list.back() == ' ') list.remove_suffix(1);
    out.forwarded_for = std::string(list.substr(0, 64));
  }
  const std::string authorization = fields.one("Authorization");
  if (authorization.size() > 7 && same_word(std::string_view(authorization).substr(0, 7), "Bearer ")) {
    out.token = authorization.substr(7);
    if (!is_token(out.token)) return HttpRefusal{400, "a token that is none"};
  }
  out.expects_continue = same_word(fields.one("Expect", 32), "100-continue");
  const std::string connection = fields.one("Connection", 128);
  out.keep_alive = !out.is_1_0 && !list_has(connection, "close");
  if (auto refused = read_cookie(all, out.cookie)) return refused;
  if (auto refused = read_body_size(fields, out)) return refused;
  if (auto refused = read_upgrade(fields, out, connection)) return refused;
  return fields.refused;
}

}  // namespace

std::optional<std::size_t> head_size(base::ByteView bytes) {
  const std::size_t end = base::text(bytes).find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return end + 4;
}

std::optional<HttpRefusal> parse_head(base::ByteView head, HttpRequest& out) {
  const std::string_view text = base::text(head);
  if (auto refused = check_lines(text)) return refused;
  if (auto refused = check_names(text)) return refused;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kMaxHeadBytes);
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error == http::error::need_more) error = {};
  if (error && error != http::error::unexpected_body) return HttpRefusal{400, "no HTTP request: " + error.message()};
  if (!parser.is_header_done()) return HttpRefusal{400, "no HTTP request"};
  const auto& message = parser.get();
  if (message.version() != 11 && message.version() != 10) return HttpRefusal{505, "HTTP/1.1 alone"};
  out.is_1_0 = message.version() == 10;
  out.method = of(message.method_string());
  if (std::find(std::begin(kMethods), std::end(kMethods), out.method) == std::end(kMethods)) {
    return HttpRefusal{501, "a method that nothing here has"};
  }
  if (auto refused = read_target(of(message.target()), out)) return refused;
  return read_fields(message.base(), out);
}

}  // namespace sallyport::front::web
