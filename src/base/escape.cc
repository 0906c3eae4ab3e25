// SPDX-License-Identifier: Apache-2.0
// Escaping of foreign text for terminals and logs.
#include "base/escape.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>

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

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Controls, line and paragraph separators, interlinear annotations, private planes, and all of
// Default_Ignorable_Code_Point (Unicode 15, DerivedCoreProperties.txt): fillers, joiners, variation selectors, tags.
constexpr Range kMovesOrHides[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},    {0x061c, 0x061c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},    {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},    {0xffa0, 0xffa0},
    {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
};

bool moves_or_hides(std::uint32_t cp) {
  const Range* after = std::upper_bound(std::begin(kMovesOrHides), std::end(kMovesOrHides), cp,
                                        [](std::uint32_t c, const Range& range) { return c < range.first; });
  return after != std::begin(kMovesOrHides) && cp <= std::prev(after)->last;
}

// A variation selector belongs to the character before it, and takes no column.
bool selects_variation(std::uint32_t cp) {
  return (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0xe0100 && cp <= 0xe01ef);
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
    if (n != 0 && i > 0 && selects_variation(cp)) {
      i += n;
      continue;
    }
    if (n == 0 || moves_or_hides(cp)) {
      out += "\xEF\xBF\xBD";
    } else {
      out += s.substr(i, n);
    }
    i += n == 0 ? 1 : n;
  }
  return out;
}

std::string visible_text(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size();) {
    std::uint32_t cp = 0;
    const std::size_t n = decode(s, i, cp);
    if (n == 0 || !moves_or_hides(cp)) out += s.substr(i, std::max<std::size_t>(n, 1));
    i += std::max<std::size_t>(n, 1);
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
