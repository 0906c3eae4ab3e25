// SPDX-License-Identifier: Apache-2.0
// Unit by unit: a run of ASCII, a character, a control sequence.
#include "cli/safe_text.h"

#include <algorithm>

#include "base/escape.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxSequence = 64;  // "\x1b[" and the longest that the painter writes, well rounded up
constexpr const char* kReplacement = "\xEF\xBF\xBD";

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7F;
}

}  // namespace

bool SafeText::allowed(std::string_view parameters, char final) const {
  const bool numbers = parameters.find_first_not_of("0123456789;:") == std::string_view::npos;
  if (final == 'm') return numbers;
  if (words_ == Words::lines) return false;
  if (final == 'H') return numbers;
  if (final == 'h' || final == 'l') return parameters == "?25";
  return (final == 'J' && parameters == "2") || (final == 'K' && parameters.empty());
}

std::size_t SafeText::sequence(std::string_view text, std::string& out) const {
  std::size_t end = 2;
  if (text.size() >= 2 && text[1] != '[') {
    out += kReplacement;
    return 1;
  }
  while (end < text.size() && end < kMaxSequence && text[end] >= 0x20 && text[end] < 0x40) ++end;
  if (end >= text.size() && text.size() < kMaxSequence) return 0;
  if (end < text.size() && end < kMaxSequence && allowed(text.substr(2, end - 2), text[end])) {
    out += text.substr(0, end + 1);
    return end + 1;
  }
  out += kReplacement;  // for the ESC: what follows it is text
  return 1;
}

std::size_t SafeText::unit(std::string_view text, std::string& out) const {
  const char c = text[0];
  if (is_plain(c)) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_plain);
    out.append(text.begin(), end);
    return static_cast<std::size_t>(end - text.begin());
  }
  if (c == 0x1B) return sequence(text, out);
  if ((c == '\n' || c == '\t') && words_ == Words::lines) {
    out += c;
    return 1;
  }
  const auto byte = static_cast<unsigned char>(c);
  const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1;
  std::size_t have = 1;
  while (have < size && have < text.size() && (static_cast<unsigned char>(text[have]) & 0xC0) == 0x80) ++have;
  if (have < size && have == text.size()) return 0;
  // What is no character at all is replaced byte by byte.
  const std::string_view character = text.substr(0, have);
  const std::string shown = have == size ? base::mask_for_terminal(character) : kReplacement;
  out += shown;
  return base::is_utf8(character) ? have : 1;
}

std::string SafeText::feed(std::string_view bytes) {
  std::string out;
  held_ += bytes;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const std::size_t size = unit(rest, out);
    if (size == 0) break;
    rest.remove_prefix(size);
  }
  held_ = std::string(rest);
  return out;
}

std::string SafeText::finish() {
  const std::string left = held_.empty() ? "" : kReplacement;
  held_.clear();
  return left;
}

}  // namespace sallyport::cli
