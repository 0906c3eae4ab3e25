// SPDX-License-Identifier: Apache-2.0
// Fuzzes the last gate before the administrator's terminal: whatever the words, and however they are cut, only what
// shows something passes, and what has passed passes again as it is.
#include "cli/safe_text.h"

#include <cstdint>
#include <string>

#include "base/escape.h"

namespace sallyport::cli {
namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

bool all_numbers(std::string_view text) {
  return text.find_first_not_of("0123456789;:") == std::string_view::npos;
}

// A list of its own: what SafeText's header promises.
bool known_sequence(std::string_view body, char final, SafeText::Words words) {
  if (final == 'm') return all_numbers(body);
  if (words == SafeText::Words::lines) return false;
  switch (final) {
    case 'H':
      return all_numbers(body);
    case 'J':
      return body == "2";
    case 'K':
      return body.empty();
    default:
      return (final == 'h' || final == 'l') && body == "?25";
  }
}

void check(std::string_view shown, SafeText::Words words) {
  require(base::is_utf8(shown));
  std::string text;  // without control sequences and line ends
  while (!shown.empty()) {
    if (shown[0] != 0x1B) {
      const bool layout = words == SafeText::Words::lines && (shown[0] == '\n' || shown[0] == '\t');
      if (!layout) text += shown[0];
      shown.remove_prefix(1);
      continue;
    }
    require(shown.size() > 2 && shown[1] == '[');
    const std::size_t final = shown.find_first_not_of("0123456789;:?", 2);
    require(final != std::string_view::npos && known_sequence(shown.substr(2, final - 2), shown[final], words));
    shown.remove_prefix(final + 1);
  }
  require(base::mask_for_terminal(text) == text);
}

std::string whole(std::string_view bytes, SafeText::Words words) {
  SafeText safe(words);
  std::string shown = safe.feed(bytes);
  return shown + safe.finish();
}

void try_words(std::string_view bytes, std::size_t step, SafeText::Words words) {
  SafeText safe(words);
  std::string shown;
  for (std::size_t at = 0; at < bytes.size(); at += step) shown += safe.feed(bytes.substr(at, step));
  shown += safe.finish();
  check(shown, words);
  require(shown == whole(bytes, words));
  require(whole(shown, words) == shown);
}

}  // namespace
}  // namespace sallyport::cli

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sallyport::cli::SafeText;
  if (size == 0) return 0;
  const std::size_t step = data[0] % 16 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  sallyport::cli::try_words(bytes, step, SafeText::Words::lines);
  sallyport::cli::try_words(bytes, step, SafeText::Words::painted);
  return 0;
}
