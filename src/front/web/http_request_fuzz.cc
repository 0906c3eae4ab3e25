// SPDX-License-Identifier: Apache-2.0
// Heads of requests: what is taken is within its bounds, and its text is UTF-8.
#include <cstdint>
#include <cstdlib>

#include "base/escape.h"
#include "front/web/http_request.h"

namespace {
void must(bool good) {
  if (!good) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const base::ByteView bytes(data, size);
  const auto head = front::web::head_size(bytes);
  if (!head || *head > front::web::kMaxHeadBytes) return 0;
  front::web::HttpRequest request;
  if (front::web::parse_head(bytes.first(*head), request)) return 0;
  must(!request.method.empty() && !request.host.empty());
  must(request.path.size() <= front::web::kMaxSegments && request.query.size() <= front::web::kMaxParameters);
  for (const std::string& segment : request.path) {
    must(base::is_utf8(segment) && segment != ".." && segment.find('/') == std::string::npos);
  }
  for (const auto& [name, value] : request.query) must(base::is_utf8(name) && base::is_utf8(value));
  must(request.cookie.size() <= front::web::kMaxCookieBytes);
  return 0;
}
