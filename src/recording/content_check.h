// SPDX-License-Identifier: Apache-2.0
// The part of a verification that looks inside chunks and tails: frames without a key, everything with one.
// Reads foreign bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "recording/chunk.h"
#include "recording/findings.h"
#include "recording/frame.h"

namespace sallyport::recording {

/// How bytes after the last whole frame are to be judged.
enum class TornEnd : std::uint8_t {
  possible,   ///< a writer may have died, or be writing, here: a note
  impossible  ///< something was written after it: a fault
};

/// Where frames stand.
struct FramesPlace {
  std::string name;          ///< "chunk 3", "tail 4"
  std::uint64_t number = 0;  ///< of the tail that the frames are or were
  std::uint64_t offset = 0;  ///< of the first frame in its file
};

class ContentCheck {
 public:
  /// keys: null without.
  ContentCheck(Findings& findings, const RecordKeys* keys, const Hash& header_hash)
      : findings_(findings), keys_(keys), header_hash_(header_hash) {}

  /// Names every frame that is altered, missing, double or out of its place.
  void frames(const FramesPlace& where, const FrameWalk& walk, TornEnd torn);
  /// With keys: opens every frame and reads its entries.
  void open_frames(const FramesPlace& where, base::ByteView bytes, const FrameWalk& walk);
  /// With keys: opens a packed chunk and compares its entries with its head.
  void open_chunk(const std::string& where, const ChunkHead& head, base::ByteView body);

 private:
  struct Counted {
    std::uint64_t entries = 0;
    std::uint64_t inputs = 0;
    base::Micros first_time_us = 0;
    base::Micros last_time_us = 0;
  };
  std::optional<Counted> read_entries(const std::string& where, std::uint64_t first_seq, base::ByteView plain);
  void holes(const FramesPlace& where, const FrameWalk& walk, TornEnd torn);

  Findings& findings_;
  const RecordKeys* keys_;
  const Hash& header_hash_;
};

}  // namespace sallyport::recording
