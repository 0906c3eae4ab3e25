// SPDX-License-Identifier: Apache-2.0
// Heads of HTTP/1.1 answers, with what keeps a browser to the gateway's own pages. Untrusted side; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sallyport::front::web {

enum class Framing : std::uint8_t {
  length,    ///< Content-Length
  chunked,   ///< RFC 9112 section 7.1
  by_close,  ///< to a client of HTTP/1.0
  none,      ///< 101, 204, 304
};

struct AnswerHead {
  unsigned status = 200;
  std::string type = {};
  Framing framing = Framing::length;
  std::uint64_t length = 0;
  std::string cache = "no-store";
  bool close = false;
  std::string style_nonce = {};  ///< of a page; empty: no style of its own
  std::vector<std::pair<std::string, std::string>> more = {};
};

/// With the empty line. A value with a control character is left out: nothing that was said to us makes a line.
std::string to_text(const AnswerHead& head, base::Micros now_us);

const char* reason_phrase(unsigned status);

/// "Tue, 01 Dec 2026 10:00:00 GMT" (RFC 9110 section 5.6.7).
std::string http_date(base::Micros now_us);

/// A problem (RFC 9457) as the body of an answer that the broker does not give.
std::string problem_text(unsigned status, std::string_view code, std::string_view detail);

}  // namespace sallyport::front::web
