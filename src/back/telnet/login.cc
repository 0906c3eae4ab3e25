// SPDX-License-Identifier: Apache-2.0
// Prompts are what a line ends with when the target has stopped talking.
#include "back/telnet/login.h"

#include <algorithm>

namespace sallyport::back::telnet {

namespace {

// A prompt that is longer than this was painted, not asked.
constexpr std::size_t kMaxLine = 1024;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const auto end = text.find_last_not_of(' ');
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

bool ends_with(std::string_view line, std::string_view prompt) {
  line = trimmed(line);
  prompt = trimmed(prompt);
  return !prompt.empty() && line.size() >= prompt.size() && same(line.substr(line.size() - prompt.size()), prompt);
}

bool holds(std::string_view line, std::string_view words) {
  if (words.empty()) return false;
  return std::search(line.begin(), line.end(), words.begin(), words.end(),
                     [](char x, char y) { return lower(x) == lower(y); }) != line.end();
}

}  // namespace

base::Result<Login::Due> Login::shown(base::ByteView text) {
  shown_bytes_ += text.size();
  if (shown_bytes_ > kMaxShownBytes) return base::fail(base::Errc::full, "the target shows too much before its login");
  if (stage_ == Stage::answer) keep(text);
  for (const std::uint8_t byte : text) {
    if (byte != '\n' && byte != '\r') {
      take(byte);
      continue;
    }
    const Due due = at_end_of_line();
    line_.clear();
    escape_ = Escape::no;
    if (due != Due::nothing) return due;
  }
  return at_prompt();
}

// A target that echoes the password would have it in the record: what stands on its line is not kept.
void Login::keep(base::ByteView text) {
  if (greeting_.empty()) {
    const auto end = std::find_if(text.begin(), text.end(), [](std::uint8_t b) { return b == '\n' || b == '\r'; });
    text = text.subspan(static_cast<std::size_t>(end - text.begin()));
  }
  greeting_.insert(greeting_.end(), text.begin(), text.end());
}

// Colours and the like: ESC and one character, or ESC [ … final (ECMA-48 §5.4).
void Login::take(std::uint8_t byte) {
  if (escape_ == Escape::begun) {
    escape_ = byte == '[' ? Escape::csi : Escape::no;
  } else if (escape_ == Escape::csi) {
    if (byte >= 0x40 && byte <= 0x7e) escape_ = Escape::no;
  } else if (byte == 0x1b) {
    escape_ = Escape::begun;
  } else if (byte >= 0x20 && line_.size() < kMaxLine) {
    line_.push_back(static_cast<char>(byte));
  }
}

Login::Due Login::at_end_of_line() {
  const bool said_no = std::any_of(prompts_.refused.begin(), prompts_.refused.end(),
                                   [&](const std::string& words) { return holds(line_, words); });
  return said_no && stage_ != Stage::name ? Due::refused : Due::nothing;
}

Login::Due Login::at_prompt() {
  switch (stage_) {
    case Stage::name:
      if (ends_with(line_, prompts_.name)) {
        stage_ = Stage::password;
        line_.clear();
        return Due::name;
      }
      // Some devices ask for a password alone.
      [[fallthrough]];
    case Stage::password:
      if (!ends_with(line_, prompts_.password)) break;
      stage_ = Stage::answer;
      line_.clear();
      return Due::password;
    case Stage::answer:
      if (greeting_.empty()) break;  // still on the password's line
      for (const std::string& prompt : prompts_.shell) {
        if (ends_with(line_, prompt)) return Due::done;
      }
      // The answer was wrong, whatever the target says of it.
      if (ends_with(line_, prompts_.name) || ends_with(line_, prompts_.password)) return Due::asked_again;
      break;
  }
  return Due::nothing;
}

}  // namespace sallyport::back::telnet
