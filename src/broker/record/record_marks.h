// SPDX-License-Identifier: Apache-2.0
// What the audit log holds of one session's record: the marks against which its files are judged. Trusted side; blocks
// on the store.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "recording/recover.h"
#include "store/store.h"

namespace sallyport::broker {

struct RecordMarks {
  recording::KnownRecord known;
  std::optional<recording::Hash> keys;  ///< of the key file
  bool ended = false;                   ///< the session's end is noted
  std::string damage;                   ///< what was noted last of damage to the record; empty: nothing

  /// Whether the record was ever known to be there.
  bool any() const { return known.header || !known.chunks.empty() || !known.seals.empty(); }
};

/// Errors: those of the store.
base::Result<RecordMarks> read_record_marks(store::Store& store, const std::string& session);

}  // namespace sallyport::broker
