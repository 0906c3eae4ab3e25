// SPDX-License-Identifier: Apache-2.0
// Looks for a text in what a session ran and in what it showed. Foreign content; pure but for reading the record.
#pragma once

#include <string>
#include <vector>

#include "cli/record_access.h"

namespace sallyport::cli {

enum class Case { exact, ignore };

struct Hit {
  base::Micros time_ms = 0;  ///< since the session began
  std::uint32_t channel = 0;
  std::string where;  ///< "command" or "output"
  std::string text;   ///< the line, without control sequences, at most 512 bytes
};

/// At most 10,000 hits, of a text of at most 1 KiB. What a program draws with cursor movements is found only as far as
/// it was written in one go. A line that was edited, or that terminals would show in different ways, may be found
/// twice.
base::Result<std::vector<Hit>> search_recording(const OpenRecording& recording, const std::string& text, Case how);

/// Errors: invalid.
base::Status check_search_text(const std::string& text);

inline constexpr std::size_t kMaxHits = 10'000;

/// Hits as a contained reader hands them over. decode_hits() takes what foreign bytes may have made of that. Errors:
/// corrupt.
std::string encode_hits(const std::vector<Hit>& hits);
base::Result<std::vector<Hit>> decode_hits(std::string_view bytes);
/// The longest encoding that is no error.
std::size_t max_encoded_hits();

}  // namespace sallyport::cli
