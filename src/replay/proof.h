// SPDX-License-Identifier: Apache-2.0
// Whether a recording is what the gateway recorded: its files held against its signatures and against what the audit
// log knows.
#pragma once

#include "recording/verify.h"
#include "replay/opened_recording.h"

namespace sallyport::replay {

/// Reads all of it once. A record that nobody can open any more counts as a fault too. Errors: the files cannot be
/// read.
base::Result<recording::VerifyReport> prove(const OpenRecording& recording);

/// "live", "sealed", "truncated", "unreadable".
const char* to_string(recording::VerifyReport::State state);

}  // namespace sallyport::replay
