// SPDX-License-Identifier: Apache-2.0
// What recording show prints of an opened record: its facts, what was run, every event. Foreign content throughout.
#pragma once

#include "cli/output.h"
#include "cli/record_access.h"

namespace sallyport::cli {

/// The facts, each channel, how the target was logged in to, and what is covered how.
base::Result<int> show_summary(Context& context, const OpenRecording& recording);
/// What was run, with its verdict.
base::Result<int> show_commands(Context& context, const OpenRecording& recording);
/// File operations: this version decodes none, and says so.
base::Result<int> show_files(Context& context, const OpenRecording& recording);
/// Every event, as it comes.
base::Result<int> show_events(Context& context, const OpenRecording& recording);

/// What is known of a recording's integrity without opening it: "open" while it is being written, then "unverified".
/// A verdict that somebody once came to stays. Only recording verify proves anything.
std::string known_integrity(const Json& facts);

}  // namespace sallyport::cli
