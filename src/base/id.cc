// SPDX-License-Identifier: Apache-2.0
// Time-sorted random identifiers.
#include "base/id.h"

#include <array>

namespace sallyport::base {
namespace {
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
}

std::string make_id(Micros now_us, Random& random) {
  std::array<std::uint8_t, 10> tail{};
  random.fill(tail);
  std::string out(26, '0');
  auto ms = static_cast<std::uint64_t>(now_us / 1000);
  for (std::size_t i = 10; i-- > 0; ms >>= 5) out[i] = kAlphabet[ms & 31];
  unsigned bits = 0, have = 0;
  std::size_t at = 10;
  for (const std::uint8_t b : tail) {
    bits = (bits << 8) | b;
    for (have += 8; have >= 5; have -= 5) out[at++] = kAlphabet[(bits >> (have - 5)) & 31];
  }
  return out;
}

bool is_id(std::string_view s) {
  return s.size() == 26 && s.find_first_not_of(kAlphabet) == std::string_view::npos;
}

}  // namespace sallyport::base
