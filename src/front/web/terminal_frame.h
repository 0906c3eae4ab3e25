// SPDX-License-Identifier: Apache-2.0
// The text frames of a terminal in the browser: what the page says as values, and what it is told as JSON. Untrusted
// side; pure. Bytes of the terminal go in binary frames, and are nothing of this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::front::web {

struct TerminalSize {
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;
};

inline constexpr std::size_t kMaxTextFrameBytes = 256;
inline constexpr std::uint32_t kMaxTerminalColumns = 1000;
inline constexpr std::uint32_t kMaxTerminalRows = 500;

/// {"resize": {"columns": C, "rows": R}}, and nothing beside it. Nothing: it is something else.
std::optional<TerminalSize> read_resize(std::string_view frame);

/// Text for the user, line by line: what could move a cursor, or show nothing, is escaped.
std::string clean_words(std::string_view words);

std::string session_frame(std::string_view session);
std::string state_frame(std::string_view state, std::string_view words, std::string_view code);
std::string end_frame(std::uint32_t status, std::string_view words, std::string_view code);

}  // namespace sallyport::front::web
