// SPDX-License-Identifier: Apache-2.0
// Tails and their frames: the head of ID.N.tail, the sealed batches of entries behind it, and the walk over them that
// needs no key. Reads foreign bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "recording/crypto.h"
#include "recording/types.h"

namespace sallyport::recording {

inline constexpr std::size_t kTailHeadBytes = 8 + 32 + 8 + 32 + 8 + 32;
inline constexpr std::size_t kFrameHeadBytes = 24;
inline constexpr std::size_t kFrameOverheadBytes = kFrameHeadBytes + kTagBytes + 32;
inline constexpr std::size_t kEntryHeadBytes = 1 + 8 + 4;
inline constexpr std::size_t kMaxSealedFrameBytes = kMaxFrameBytes + kTagBytes;

/// The head of a tail; all zero bytes where a tail is prepared and not yet used.
struct TailHead {
  Hash header_hash{};
  std::uint64_t number = 0;
  Hash chain_in{};  ///< the chain after the previous tail's last frame; the header's hash for tail 0
  std::uint64_t first_seq = 0;
};
base::Bytes encode_tail_head(const TailHead& head);
/// nullopt for an unused tail; Errc::corrupt when its own hash does not hold.
base::Result<std::optional<TailHead>> decode_tail_head(base::ByteView bytes);

/// The clear part of a frame.
struct FrameHead {
  std::uint32_t body_bytes = 0;  ///< ciphertext with its tag; 0 ends a tail
  std::uint32_t number = 0;      ///< in its tail
  std::uint64_t first_seq = 0;
  std::uint32_t entries = 0;
  std::uint32_t inputs = 0;  ///< how many of them are input
};
void encode_frame_head(const FrameHead& head, std::uint8_t* out);
FrameHead decode_frame_head(const std::uint8_t* in);

/// What the AEAD of a frame binds besides its head: the record, the tail and the frame before.
struct FrameContext {
  Hash header_hash{};
  std::uint64_t tail = 0;
  Hash chain{};  ///< of the frame before
};

/// In place: frame is head room, plaintext, room for tag and chain hash. Returns the chain after this frame, which is
/// also its last 32 bytes.
Hash seal_frame(const RecordKeys& keys, const FrameContext& context, const FrameHead& head,
                std::span<std::uint8_t> frame);
/// Appends the plaintext of one frame (head, body, chain hash) to out. False when it is not genuine.
bool open_frame(const RecordKeys& keys, const FrameContext& context, base::ByteView frame, base::Bytes& out);
/// The chain hash that a frame should carry.
Hash chain_frame(const Hash& before, base::ByteView head_and_body);

/// One frame as found, without a key.
struct WalkedFrame {
  enum class Fault : std::uint8_t {
    none,
    altered,  ///< does not match its hash
    unlinked  ///< whole in itself, but not the successor of the frame before
  };
  FrameHead head;
  std::size_t offset = 0;  ///< in the walked bytes
  std::size_t size = 0;
  Hash chain_before{};  ///< what its hash was checked with: the chain of the frame before, or the 32 bytes before it
  Hash chain{};         ///< as stored
  Fault fault = Fault::none;
};

struct FrameWalk {
  std::vector<WalkedFrame> frames;
  std::size_t valid_bytes = 0;   ///< up to the end of the last frame before the first fault
  std::size_t valid_frames = 0;  ///< how many those are
  std::size_t used_bytes = 0;    ///< up to the last byte that is not zero
  Hash chain_out{};              ///< after the last of those
  /// Bytes that are part of no frame: {offset, size}.
  std::vector<std::pair<std::size_t, std::size_t>> holes;
  /// The last bytes look like a write that was cut short: a frame's beginning, and no hash at its end.
  bool torn = false;
};

/// Walks the frames behind a tail head (or in a verbatim chunk). Work is bounded whatever the bytes are.
FrameWalk walk_frames(base::ByteView bytes, const Hash& chain_in);

/// One entry inside an opened frame or chunk.
struct RawEntry {
  EntryKind kind = EntryKind::plain;
  base::Micros time_us = 0;
  base::ByteView body;  ///< sealed under the input key when kind is input
};
/// Takes the next entry off the front. Errc::corrupt when malformed.
base::Result<RawEntry> take_entry(base::ByteView& plain);
/// Appends an entry's head; the body follows.
void append_entry_head(base::Bytes& out, EntryKind kind, base::Micros time_us, std::size_t body_bytes);
/// An input entry's body: sealed in place at the end of out (event bytes there already, tag appended).
void seal_input(const RecordKeys& keys, const Hash& header_hash, std::uint64_t seq, base::Micros time_us,
                base::Bytes& out, std::size_t event_bytes);
/// Opens it into out. False when it is not genuine.
bool open_input(const RecordKeys& keys, const Hash& header_hash, std::uint64_t seq, const RawEntry& entry,
                base::Bytes& out);

}  // namespace sallyport::recording
