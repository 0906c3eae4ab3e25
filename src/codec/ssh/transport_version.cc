// SPDX-License-Identifier: Apache-2.0
// Transport: the exchange of identification strings (RFC 4253 §4.2), and what a peer says that has none.
// Runs in the untrusted workers.
#include <algorithm>

#include "codec/ssh/transport.h"
#include "codec/ssh/transport_core.h"

namespace sallyport::codec::ssh {

namespace {

// RFC 4253 §4.2: 255 with CR LF.
constexpr std::size_t kMaxVersionBytes = 253;
// A server may say something before it identifies itself.
constexpr std::size_t kMaxBannerLineBytes = 1024;
constexpr std::uint32_t kMaxBannerLines = 128;
// Of what is kept to be told.
constexpr std::size_t kMaxKeptBytes = 256;

bool is_version(std::string_view line, std::string_view prefix) {
  return line.size() <= kMaxVersionBytes && line.starts_with(prefix) &&
         std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// Some web servers answer what is no request with a page alone.
bool begins_a_page(std::string_view line) {
  std::string start(line.substr(0, 9));
  std::transform(start.begin(), start.end(), start.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return start.starts_with("<!doctype") || start.starts_with("<html");
}

}  // namespace

bool is_identification(std::string_view line) {
  return is_version(line, "SSH-2.0-") && line.size() > 8;
}

base::Result<bool> Transport::Impl::read_version() {
  const auto fail = [&](PeerGreeting::Kind kind, const char* what) {
    greeting_.kind = kind;
    return base::fail(base::Errc::invalid, what);
  };
  for (;;) {
    const bool server = config_.role == Role::server;
    auto line = reader_.next_line(server ? kMaxVersionBytes : kMaxBannerLineBytes);
    if (!line) {
      greeting_.kind = PeerGreeting::Kind::endless;
      return base::pass(line);
    }
    if (!*line) return false;
    if (is_version(**line, "SSH-2.0-") || (!server && is_version(**line, "SSH-1.99-"))) {  // RFC 4253 §5.1
      peer_version_ = std::string(**line);
      return true;
    }
    if (greeting_.line.empty() || (*line)->starts_with("SSH-")) {
      greeting_.line = std::string((*line)->substr(0, kMaxKeptBytes));
    }
    // RFC 4253 §4.2: only a server may say other lines first, and none of them starts with "SSH-".
    if (server) return fail(PeerGreeting::Kind::words, "the peer does not speak SSH 2.0");
    if ((*line)->starts_with("SSH-1.")) return fail(PeerGreeting::Kind::old_ssh, "the peer speaks SSH 1 only");
    if ((*line)->starts_with("SSH-")) return fail(PeerGreeting::Kind::words, "the peer does not speak SSH 2.0");
    if ((*line)->starts_with("HTTP/")) return fail(PeerGreeting::Kind::http, "the peer is a web server");
    if (greeting_.kind == PeerGreeting::Kind::none) {
      greeting_.kind = begins_a_page(**line) ? PeerGreeting::Kind::http : PeerGreeting::Kind::words;
    }
    if (++banner_lines_ > kMaxBannerLines)
      return fail(PeerGreeting::Kind::endless, "the peer does not identify itself");
  }
}

}  // namespace sallyport::codec::ssh
