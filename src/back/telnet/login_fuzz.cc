// SPDX-License-Identifier: Apache-2.0
// Fuzzes the login by prompts: a target that shows anything in any pieces. The name and the password are asked for
// once, in this order, and nobody is in before the password was due.
#include <algorithm>
#include <cstdlib>

#include "back/telnet/login.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  using Due = back::telnet::Login::Due;
  if (size == 0) return 0;
  back::telnet::Login login({"login:", "Password:", {"$", "#", ">"}, {"Login incorrect"}});
  const std::size_t piece = 1 + data[0] % 32;
  base::ByteView left(data + 1, size - 1);
  std::size_t shown = 0;
  int names = 0, passwords = 0;
  while (!left.empty()) {
    const auto part = left.first(std::min(piece, left.size()));
    left = left.subspan(part.size());
    shown += part.size();
    const auto due = login.shown(part);
    if (due.has_value() != (shown <= back::telnet::Login::kMaxShownBytes)) std::abort();
    if (!due || *due == Due::done || *due == Due::refused) {
      if (due && *due == Due::done && passwords == 0) std::abort();
      break;
    }
    names += *due == Due::name;
    passwords += *due == Due::password;
    if (names > 1 || passwords > 1 || (*due == Due::name && passwords > 0)) std::abort();
    if (*due == Due::asked_again && passwords == 0) std::abort();
  }
  if (login.greeting().size() > shown) std::abort();
  if (!login.greeting().empty() && login.greeting().front() != '\r' && login.greeting().front() != '\n') std::abort();
  return 0;
}
