// SPDX-License-Identifier: Apache-2.0
// A recording in formats of others: asciicast v2, plain text, JSON lines. Foreign content throughout; what is written
// is meant for files and programs, so text export holds no control characters but line ends and tabs, and nothing that
// reorders or hides text.
#pragma once

#include <ostream>

#include "cli/record_access.h"

namespace sallyport::cli {

/// asciicast v2 of one channel: output ("o"), resizes ("r"), and input ("i") where its key is there.
base::Status export_asciicast(const OpenRecording& recording, const ChannelFacts& channel, std::ostream& out);

/// What a terminal of that size showed, line by line as it scrolled away, then the last screen; for a channel without
/// a terminal its output with control characters escaped. What the gateway told the user is a line "[sallyport: …]".
base::Status export_text(const OpenRecording& recording, const ChannelFacts& channel, std::ostream& out);

/// Every event of every channel, one JSON object a line.
base::Status export_jsonl(const OpenRecording& recording, std::ostream& out);

/// UTF-8 out of a byte stream that may cut characters between pieces; what is no UTF-8 becomes U+FFFD.
class Utf8Stream {
 public:
  std::string feed(std::string_view bytes);
  /// What was left over at the end.
  std::string finish();

 private:
  std::string pending_;
};

}  // namespace sallyport::cli
