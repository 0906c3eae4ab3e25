// SPDX-License-Identifier: Apache-2.0
// Escaping of foreign text for terminals and logs.
#include "base/escape.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace sallyport::base {
namespace {

// Length of the well-formed sequence at s[i], and its code point; 0 when malformed.
std::size_t decode(std::string_view s, std::size_t i, std::uint32_t& cp) {
  const auto at = [&](std::size_t k) { return static_cast<std::uint8_t>(s[k]); };
  const std::uint8_t b = at(i);
  if (b < 0x80) {
    cp = b;
    return 1;
  }
  const std::size_t n = b >= 0xf0 && b <= 0xf4 ? 4 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xc2 && b < 0xe0 ? 2 : 0;
  if (n == 0 || i + n > s.size()) return 0;
  cp = b & (0xff >> (n + 1));
  for (std::size_t k = 1; k < n; ++k) {
    if ((at(i + k) & 0xc0) != 0x80) return 0;
    cp = (cp << 6) | (at(i + k) & 0x3f);
  }
  const bool overlong = (n == 3 && cp < 0x800) || (n == 4 && cp < 0x10000);
  if (overlong || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)) return 0;
  return n;
}

bool moves_or_hides(std::uint32_t cp) {
  return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x061c || (cp >= 0x200b && cp <= 0x200f) ||
         (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || cp >= 0xe0000;
}

}  // namespace

std::string escape_for_terminal(std::string_view s, std::size_t max_bytes) {
  std::string out;
  for (std::size_t i = 0; i < s.size();) {
    char buffer[16];
    std::string_view piece;
    std::uint32_t cp = 0;
    std::size_t n = decode(s, i, cp);
    if (n == 0) {
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned>(static_cast<std::uint8_t>(s[i])));
      piece = buffer;
      n = 1;
    } else if (cp == '\\') {
      piece = "\\\\";
    } else if (moves_or_hides(cp)) {
      std::snprintf(buffer, sizeof buffer, cp < 0x100 ? "\\x%02x" : "\\u{%x}", static_cast<unsigned>(cp));
      piece = buffer;
    } else {
      piece = s.substr(i, n);
    }
    if (out.size() + piece.size() > max_bytes) return out + "…";
    out += piece;
    i += n;
  }
  return out;
}

std::string mask_for_terminal(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size();) {
    std::uint32_t cp = 0;
    const std::size_t n = decode(s, i, cp);
    if (n == 0 || moves_or_hides(cp)) {
      out += "\xEF\xBF\xBD";
    } else {
      out += s.substr(i, n);
    }
    i += n == 0 ? 1 : n;
  }
  return out;
}

bool is_utf8(std::string_view s) {
  std::uint32_t cp = 0;
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t n = decode(s, i, cp);
    if (n == 0) return false;
    i += n;
  }
  return true;
}

std::string cut_utf8(std::string_view s, std::size_t max_bytes) {
  std::size_t end = std::min(s.size(), max_bytes);
  // A continuation byte at the cut belongs to a character that began before it.
  while (end > 0 && end < s.size() && (static_cast<unsigned char>(s[end]) & 0xc0) == 0x80) --end;
  return std::string(s.substr(0, end));
}

}  // namespace sallyport::base
