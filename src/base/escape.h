// SPDX-License-Identifier: Apache-2.0
// Makes text that a user or a target controls safe to print on a terminal or in a log line.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::base {

/// Valid printable UTF-8 stays; control characters (C0, DEL, C1), bidirectional overrides, whatever shows nothing
/// (Default_Ignorable_Code_Point) and invalid bytes become \xNN or \u{N}; a backslash doubles. The result never moves a
/// cursor and never ends a line. At most max_bytes, then "…".
std::string escape_for_terminal(std::string_view s, std::size_t max_bytes = 4096);

/// The same rule for text that came off a screen, where a backslash is a backslash and columns matter: what would be
/// escaped is U+FFFD. A variation selector goes: it takes no column.
std::string mask_for_terminal(std::string_view s);

/// Without what would be escaped as moving or hiding text; invalid bytes and backslashes stay. For comparing.
std::string visible_text(std::string_view s);

/// True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view s);

/// The longest part of well-formed UTF-8 from its start that fits max_bytes and ends with a whole character.
std::string cut_utf8(std::string_view s, std::size_t max_bytes);

}  // namespace sallyport::base
