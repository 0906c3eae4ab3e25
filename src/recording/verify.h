// SPDX-License-Identifier: Apache-2.0
// Proves a record, or names what is wrong with it, offline and without any key; with the session key every AEAD tag
// too. It must never call a record sound that it did not check whole.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "recording/reader.h"
#include "recording/record_keys.h"
#include "recording/types.h"

namespace sallyport::recording {

/// What is known from elsewhere. Everything is optional; what is not given is not proved, and the report says so.
struct VerifyOptions {
  std::string expected_id;                   ///< normally the file's name
  std::span<const PublicKey> trusted_nodes;  ///< empty: any signer, noted
  std::span<const ChunkMark> known_chunks;   ///< from the audit log: number and head_hash count
  std::optional<Hash> known_header;          ///< from the audit log's start event
  std::optional<Hash> known_seal;            ///< from the audit log's end event: an unsealed record is then a fault
  std::size_t other_seals = 0;               ///< how many further ones the audit log holds: it contradicts itself
  /// Of a live record, beside tails that were there when it was so long: what comes behind is not looked at.
  std::uint64_t record_bytes = std::numeric_limits<std::uint64_t>::max();
  const ReadKeys* keys = nullptr;  ///< opens and checks every frame and chunk; input too if the key is there
};

struct Finding {
  enum class Severity { fault, note };
  Severity severity = Severity::fault;
  std::string where;  ///< "header", "chunk 3 at offset 81920", "chunk 3, frame 17 at offset 5120", "tail 4 …", "seal …"
  std::string what;  ///< "head does not match its hash", "missing", "duplicate of chunk 2", …
};

struct VerifyReport {
  enum class State { live, sealed, truncated, unreadable };
  State state = State::unreadable;  ///< live: no seal (yet)
  std::vector<Finding> findings;    ///< at most kMaxFindings, then a last one says so
  std::uint64_t chunks = 0;
  std::uint64_t entries = 0;
  std::uint64_t tail_frames = 0;
  bool signer_trusted = false;  ///< signed by one of trusted_nodes
  bool opened = false;          ///< the AEAD tags were checked with the session key
  std::optional<RecordInfo> info;

  /// No fault found.
  bool sound() const;
};

inline constexpr std::size_t kMaxFindings = 256;

/// Reads everything once. An error only when the files cannot be read; what they hold goes to the report.
base::Result<VerifyReport> verify(const RecordSource& source, const VerifyOptions& options);

/// What verify() has to say of ID.keys: its checksum and shape, and whether it is the one of which the audit log knows
/// the checksum (the wrapped keys prove themselves only when opened).
std::vector<Finding> verify_key_file(base::ByteView keys_file, const std::optional<Hash>& known = std::nullopt);

}  // namespace sallyport::recording
