// SPDX-License-Identifier: Apache-2.0
// Seals a record whose writer died. Needs no key but the signer's: frames are kept as the ciphertext they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "recording/types.h"

namespace sallyport::recording {

struct RecoverOutcome {
  std::vector<ChunkMark> chunks;  ///< those added now, for the audit log
  SealMark seal;
  std::uint64_t torn_bytes = 0;  ///< of a write that never completed, so was never forwarded; kept verbatim
  bool already_sealed = false;   ///< nothing but left-over files had to go; chunks is empty
};

/// The records in a directory that have no seal yet or left-over tails, by id. Call before serving: a live record
/// looks the same.
base::Result<std::vector<std::string>> find_unsealed(const std::string& directory);

/// Appends each left-over tail as a verbatim chunk, then a seal with state truncated and the reason. May be repeated
/// after a crash of its own. Errc::corrupt when ID.rec itself does not hold together: it is then left as it is.
/// The record must have no living writer.
base::Result<RecoverOutcome> recover(const std::string& directory, const std::string& id, const Signer& signer,
                                     std::string_view reason, base::Micros now_us);

}  // namespace sallyport::recording
