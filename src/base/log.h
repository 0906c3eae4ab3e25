// SPDX-License-Identifier: Apache-2.0
// Operational log lines on standard error: one line an entry, foreign text escaped. Never a secret, never session
// content.
#pragma once

#include <string_view>

namespace sallyport::base {

enum class LogLevel { debug, info, warning, error };

/// Lines below the level are dropped.
void set_log_level(LogLevel level);
/// The message is escaped for a terminal here: callers may pass foreign text.
void log(LogLevel level, std::string_view message);
inline void log_debug(std::string_view m) {
  log(LogLevel::debug, m);
}
inline void log_info(std::string_view m) {
  log(LogLevel::info, m);
}
inline void log_warning(std::string_view m) {
  log(LogLevel::warning, m);
}
inline void log_error(std::string_view m) {
  log(LogLevel::error, m);
}

}  // namespace sallyport::base
