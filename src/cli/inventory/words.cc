// SPDX-License-Identifier: Apache-2.0
// Lines, words and patterns.
#include "cli/inventory/words.h"

#include "cli/inventory/inventory.h"

namespace sallyport::cli::inventory {

tl::unexpected<base::Error> wrong_line(const std::string& name, std::size_t line, const std::string& what) {
  return base::fail(base::Errc::invalid, name + ":" + std::to_string(line) + ": " + what);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\f\v");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\f\v") - begin + 1);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

base::Result<std::vector<Line>> lines_of(std::string_view text, const std::string& name) {
  std::vector<Line> out;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.size() > kMaxLineBytes) return wrong_line(name, number, "the line is too long");
    if (line.find('\0') != std::string_view::npos) {
      return wrong_line(name, number, "the file is not text: it holds a NUL byte");
    }
    if (!line.empty()) out.push_back({number, line});
  }
  return out;
}

std::optional<std::vector<std::string>> words_of(std::string_view line) {
  std::vector<std::string> out;
  std::string word;
  bool open = false;  // a word has begun, if only by its quotes
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else if (c == '\\' && quote == '"' && i + 1 < line.size()) {
        word += line[++i];
      } else {
        word += c;
      }
    } else if (c == ' ' || c == '\t') {
      if (open) out.push_back(std::exchange(word, {}));
      open = false;
    } else if (c == '#' && !open) {
      break;
    } else {
      open = true;
      if (c == '"' || c == '\'') {
        quote = c;
      } else {
        word += c;
      }
    }
  }
  if (quote != 0) return std::nullopt;
  if (open) out.push_back(std::move(word));
  return out;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, after_star = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++after_star;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace sallyport::cli::inventory
