// SPDX-License-Identifier: Apache-2.0
// Seals a record whose writer died. Needs no key but the signer's: frames are kept as the ciphertext they are.
#pragma once

#include <optional>
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

/// What is known of a record from elsewhere: the audit log's marks. A record that does not hold them was damaged, not
/// cut by the death of its writer.
struct KnownRecord {
  std::optional<Hash> header;
  std::vector<ChunkMark> chunks;  ///< number and head_hash count
  std::vector<Hash> seals;        ///< honestly at most one
};

/// The records in a directory that have no seal yet, or left-over tails, or a file that cannot be looked at, by id.
/// Call before serving: a live record looks the same.
base::Result<std::vector<std::string>> find_unsealed(const std::string& directory);

/// Appends each left-over tail as a verbatim chunk, then a seal with state truncated and the reason. May be repeated
/// after a crash of its own. The record must have no living writer.
///
/// Errc::corrupt when the files contradict each other or what is known, or something that was durable is missing or
/// damaged: every byte is then left as it is, for a new seal would vouch for the damage. Errc::not_found when
/// there is no record: its writer died before it had written the header, or somebody took everything away. Other errors
/// may pass: call again.
base::Result<RecoverOutcome> recover(const std::string& directory, const std::string& id, const Signer& signer,
                                     std::string_view reason, base::Micros now_us, const KnownRecord& known = {});

}  // namespace sallyport::recording
