// SPDX-License-Identifier: Apache-2.0
// The seal at the end of ID.rec: index, counts, coverage manifest, chain head, signature. Reads foreign bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "recording/chunk.h"
#include "recording/types.h"

namespace sallyport::recording {

inline constexpr std::size_t kMaxReasonBytes = 512;
inline constexpr std::size_t kSealPrefixBytes = 12;  ///< magic and the body's size
inline constexpr std::size_t kTrailerBytes = 16;
inline constexpr std::size_t kMaxSealBytes = 128U * 1024 * 1024;

/// Where a chunk lies and what it spans.
struct IndexEntry {
  std::uint64_t offset = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t first_seq = 0;
  base::Micros first_time_us = 0;
  base::Micros last_time_us = 0;
  Hash head_hash{};
  bool operator==(const IndexEntry&) const = default;
};

IndexEntry index_entry(const ChunkHead& head, std::uint64_t offset);

/// What a writer or a recovery adds up over the chunks.
struct Totals {
  std::uint64_t entries = 0;
  std::uint64_t inputs = 0;
  std::uint64_t event_bytes = 0;  ///< plaintext of events, as far as known; input counted with its tags
  std::uint64_t frames = 0;
  std::uint64_t torn_bytes = 0;
  base::Micros first_time_us = 0;
  base::Micros last_time_us = 0;
  Hash last_head{};  ///< the header's hash without a chunk
  Hash chain_out{};  ///< of the last frame; the header's hash without one

  void add(const ChunkHead& head);
};

struct Seal {
  Hash header_hash{};
  SealState state = SealState::complete;
  base::Micros closed_at_us = 0;
  Totals totals;
  std::string reason;
  base::Bytes manifest;
  std::vector<IndexEntry> index;
  Hash hash{};  ///< of all above, as stored
  Signature signature{};
  std::size_t total_bytes = 0;      ///< on disk; set by encode and decode
  std::uint64_t stated_offset = 0;  ///< where its trailer says that it stands; set by decode

  /// offset: where the seal will stand.
  base::Result<base::Bytes> encode_signed(const Signer& signer, std::uint64_t offset);
  bool signed_by(const PublicKey& node) const;
};

/// How many bytes the seal beginning here takes, from its first kSealPrefixBytes. Errc::corrupt when it is no seal.
base::Result<std::size_t> seal_size(base::ByteView prefix);
/// All bytes of a seal. Fails when it does not match its own hash or keep the bounds; that it stands where its trailer
/// says is for the caller to judge.
base::Result<Seal> decode_seal(base::ByteView bytes);
/// The offset that the last kTrailerBytes of a sealed record name; Errc::corrupt when they are no trailer.
base::Result<std::uint64_t> decode_trailer(base::ByteView bytes);

}  // namespace sallyport::recording
