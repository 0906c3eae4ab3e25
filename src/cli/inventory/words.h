// SPDX-License-Identifier: Apache-2.0
// What the line-based formats share: lines with their numbers, and words with quotes. Pure, on foreign text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::cli::inventory {

struct Line {
  std::size_t number = 0;
  std::string_view text;  ///< without the blanks around it
};

/// Lines that are not empty. Errors: invalid (a line is too long, or holds a NUL).
base::Result<std::vector<Line>> lines_of(std::string_view text, const std::string& name);

/// Words at blanks; '…' and "…" keep blanks, and in the latter a backslash keeps the next character. A '#' that begins
/// a word ends the line. None when a quote is not closed.
std::optional<std::vector<std::string>> words_of(std::string_view line);

/// As OpenSSH matches patterns: '*' any characters, '?' one. Linear in both but for the last '*'.
bool glob_matches(std::string_view pattern, std::string_view text);

std::string_view trimmed(std::string_view text);
std::string lower_case(std::string_view text);

/// invalid: "NAME:LINE: what".
tl::unexpected<base::Error> wrong_line(const std::string& name, std::size_t line, const std::string& what);

}  // namespace sallyport::cli::inventory
