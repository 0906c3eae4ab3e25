// SPDX-License-Identifier: Apache-2.0
// Key lines, and what stands before them.
#include "policy/key_lines_read.h"

#include "keys/authorized_line.h"
#include "policy/key_line.h"

namespace sallyport::policy {

using base::Result;
using base::Status;

namespace {

/// The key line in what was written; a line with hosts loses them.
Result<std::string_view> key_line_of(std::string& line, Before before) {
  if (before == Before::hosts) {
    Result<std::string_view> bare = without_hosts(line);
    if (!bare) return bare;
    line = std::string(*bare);
  } else if (before == Before::options) {
    Result<keys::LineOptions> split = keys::split_line_options(line);
    if (!split) return pass(split);
    return split->key_line;
  }
  return std::string_view(line);
}

}  // namespace

std::vector<std::string> read_key_lines(JsonObject& in, std::string_view key, const KeyCheck& check_key,
                                        Before before) {
  std::vector<std::string> lines = in.string_list(key);
  for (std::size_t i = 0; i < lines.size() && in.ok(); ++i) {
    Result<std::string_view> key_line = key_line_of(lines[i], before);
    Status good;
    if (key_line) {
      good = check_key_line(*key_line);
    } else {
      good = pass(key_line);
    }
    if (good && check_key) good = check_key(*key_line);
    if (!good) in.reject(key, "item " + std::to_string(i + 1) + ": " + good.message());
  }
  return lines;
}

}  // namespace sallyport::policy
