// SPDX-License-Identifier: Apache-2.0
// recording verify: proves a record from the gateway or from files, and says what was not proved. Trusted side.
#pragma once

#include "cli/record_access.h"

namespace sallyport::cli {

/// Files without a gateway: ID.rec, tails and ID.keys in one directory; whoever proves only what is in the record needs
/// no ID.keys. node_key: base64, or empty.
base::Result<OpenRecording> open_record_file(const std::string& path, const std::string& node_key);

enum class Depth {
  plain,
  deep,  ///< also recomputes the recorded screens; needs the session key
};

/// Prints the report; 0 when the record is sound, else 1.
base::Result<int> verify_and_print(Context& context, const OpenRecording& recording, Depth depth);

}  // namespace sallyport::cli
