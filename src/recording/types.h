// SPDX-License-Identifier: Apache-2.0
// The small types that every part of the recording format shares: hashes, keys, limits, marks for the audit log.
// docs/recording-format.md describes the bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace sallyport::recording {

/// BLAKE2b-256.
using Hash = std::array<std::uint8_t, 32>;
/// An X25519 or an Ed25519 public key, by context.
using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

inline base::ByteView view(const Hash& h) {
  return {h.data(), h.size()};
}

/// Largest event, in bytes: a worker's longest with room to spare.
inline constexpr std::size_t kMaxEventBytes = 288 * 1024;
/// Largest plaintext of one frame: entries with their heads.
inline constexpr std::size_t kMaxFrameBytes = 320 * 1024;
/// A chunk is due at this much plaintext…
inline constexpr std::size_t kChunkTargetBytes = 256 * 1024;
/// …or at this much of its tail used, whichever comes first.
inline constexpr std::size_t kTailTargetBytes = 384 * 1024;
/// Space reserved for each tail file. What lies above the target absorbs a slow disk; then flush() says busy.
inline constexpr std::size_t kTailCapacityBytes = 768 * 1024;
/// Largest coverage manifest in a seal.
inline constexpr std::size_t kMaxManifestBytes = 1024 * 1024;

/// Who may read an entry.
enum class EntryKind : std::uint8_t {
  plain = 1,  ///< under the session key
  input = 2,  ///< what was typed: sealed again under the input key
};

/// A chunk that is durable in the record. The audit log keeps number and head_hash: verify() takes them back.
struct ChunkMark {
  std::uint64_t number = 0;
  Hash head_hash{};
  std::uint64_t offset = 0;       ///< of the chunk head in ID.rec
  std::uint64_t total_bytes = 0;  ///< head and body on disk
  std::uint64_t first_seq = 0;
  std::uint64_t entries = 0;
  base::Micros first_time_us = 0;  ///< 0 when unknown (a chunk sealed verbatim after a crash)
  base::Micros last_time_us = 0;
};

/// How the record ended.
enum class SealState : std::uint8_t {
  complete = 1,
  truncated = 2,  ///< sealed by recover(): the writer did not live to do it
};

/// The record's seal, for the audit log.
struct SealMark {
  Hash seal_hash{};
  SealState state = SealState::complete;
  std::uint64_t chunks = 0;
  std::uint64_t entries = 0;
  std::uint64_t total_bytes = 0;  ///< size of the finished ID.rec
};

/// Signs with the node's Ed25519 key. Called on job threads: must be safe to call from several at once.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual PublicKey public_key() const = 0;
  virtual base::Result<Signature> sign(base::ByteView message) const = 0;
};

/// File names of a session's record inside its directory.
std::string record_path(const std::string& directory, const std::string& id);
std::string tail_path(const std::string& directory, const std::string& id, std::uint64_t number);
std::string keys_path(const std::string& directory, const std::string& id);

}  // namespace sallyport::recording
