// SPDX-License-Identifier: Apache-2.0
// The tails that a dead writer left, as a recovery sees them. Reads foreign bytes: what no writer leaves is an error,
// never dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "recording/frame.h"

namespace sallyport::recording {

struct LeftTail {
  std::uint64_t number = 0;
  std::string path;
  base::Bytes bytes;             ///< the whole file
  std::optional<TailHead> head;  ///< absent when never begun, lost or damaged
  bool used = false;             ///< some byte is not zero

  /// What stands behind the head; everything when there is no sound one.
  base::ByteView frames() const { return base::ByteView(bytes).subspan(head ? kTailHeadBytes : 0); }
};

/// By number. Errc::corrupt for a tail that no writer leaves: no plain file, longer than one can be, or of a number
/// that no chunk can have.
base::Result<std::vector<LeftTail>> read_left_tails(const std::string& directory, const std::string& id);

/// Makes it durable: what was written, and survived its writer, may not be yet.
base::Status sync_tail(const LeftTail& tail);

/// Shortens the file to what it holds: the reserved rest stands where the record needs to grow. The file itself stays,
/// for it says that the record was not closed.
base::Status give_back_space(const LeftTail& tail);

}  // namespace sallyport::recording
