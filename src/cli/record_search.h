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

/// At most 10,000 hits. What a program draws with cursor movements is found only as far as it was written in one go.
base::Result<std::vector<Hit>> search_recording(const OpenRecording& recording, const std::string& text, Case how);

/// Lines out of terminal output: control sequences go, and a line ends at \n or \r.
class PlainLines {
 public:
  /// Calls back with each line that ends in these bytes.
  template <class Sink>
  void feed(std::string_view bytes, Sink&& sink) {
    for (const char c : bytes) {
      if (step(c)) {
        sink(line_);
        line_.clear();
      }
    }
  }
  const std::string& rest() const { return line_; }

 private:
  bool step(char c);  // true at the end of a line

  enum class In { text, escape, csi, string, string_escape };
  In in_ = In::text;
  std::string line_;
};

}  // namespace sallyport::cli
