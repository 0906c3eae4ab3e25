// SPDX-License-Identifier: Apache-2.0
// A chunk of ID.rec: its clear head, which chains to the head before, and its body: packed entries, or a crashed
// writer's tail as it was. Reads foreign bytes.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "recording/compressor.h"
#include "recording/crypto.h"
#include "recording/types.h"

namespace sallyport::recording {

inline constexpr std::size_t kChunkHeadBytes = 8 + 1 + 4 * 8 + 4 + 2 * 8 + 2 * 32 + 2 * 4 + 3 * 32;
/// Plaintext of a packed chunk, at most: all that fits into a tail.
inline constexpr std::size_t kMaxChunkPlainBytes = kTailCapacityBytes;
inline constexpr std::size_t kMaxChunkBodyBytes = kTailCapacityBytes + 4096;
/// Chunks of one record, so that no number in a head can send a reader through more.
inline constexpr std::size_t kMaxChunks = 1U << 20;

enum class ChunkForm : std::uint8_t {
  packed = 1,    ///< one AEAD box around one zstd frame of all entries
  verbatim = 2,  ///< the frames of a tail, sealed after a crash without any key
};

struct ChunkHead {
  ChunkForm form = ChunkForm::packed;
  std::uint64_t number = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t entries = 0;
  std::uint64_t inputs = 0;
  std::uint32_t frames = 0;
  base::Micros first_time_us = 0;
  base::Micros last_time_us = 0;
  Hash chain_in{};
  Hash chain_out{};
  std::uint32_t plain_bytes = 0;  ///< packed: plaintext; verbatim: bytes of whole frames, the rest was torn
  std::uint32_t body_bytes = 0;
  Hash previous_head{};  ///< hash of the head before; the header's hash for chunk 0
  Hash body_hash{};
  Hash hash{};  ///< of all above, as stored; set by encode

  std::size_t total_bytes() const { return kChunkHeadBytes + body_bytes; }
};

/// Sets head.hash.
base::Bytes encode_chunk_head(ChunkHead& head);
/// Errc::corrupt unless these kChunkHeadBytes are a chunk head that matches its own hash and keeps the bounds.
base::Result<ChunkHead> decode_chunk_head(base::ByteView bytes);
Hash hash_body(base::ByteView body);

/// Packs compressor.plain into the body (compressor.packed) and completes the head's sizes and hashes.
base::Status seal_packed(const RecordKeys& keys, const Hash& header_hash, ChunkHead& head, Compressor& compressor);
/// The plaintext entries of a packed chunk. Errc::corrupt when the box is not genuine or does not unpack.
base::Status open_packed(const RecordKeys& keys, const Hash& header_hash, const ChunkHead& head, base::ByteView body,
                         base::Bytes& plain);

}  // namespace sallyport::recording
