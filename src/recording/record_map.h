// SPDX-License-Identifier: Apache-2.0
// Where everything lies in ID.rec: header, chunks, seal, and the bytes that are none of these. Needs no key, reads no
// body unless it has to search. Reads foreign bytes, also of a file that grows.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "recording/chunk.h"
#include "recording/header.h"
#include "recording/seal.h"

namespace sallyport::recording {

struct MappedChunk {
  ChunkHead head;  ///< matches its own hash
  std::uint64_t offset = 0;
};

/// Bytes that are part of nothing recognisable.
struct Hole {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::size_t chunks_before = 0;  ///< how many of the chunks lie before it in the file
};

class RecordMap {
 public:
  /// Reads the header; extend() reads the rest.
  static base::Result<RecordMap> open(int fd);

  /// Takes in what the file holds by now, in its first up_to bytes. What stands unfinished at its end is tried again
  /// next time.
  base::Status extend(std::uint64_t up_to = std::numeric_limits<std::uint64_t>::max());

  const std::optional<Header>& header() const { return header_; }
  const std::string& header_problem() const { return header_problem_; }
  /// The header's hash as stored, also when the header is damaged: what the chunks chain to.
  const Hash& header_hash() const { return header_hash_; }
  /// In the order of the file.
  const std::vector<MappedChunk>& chunks() const { return chunks_; }
  /// The first sound-looking chunk with this number.
  const MappedChunk* find(std::uint64_t number) const;
  /// The least number above this one that a chunk has.
  std::optional<std::uint64_t> number_after(std::uint64_t number) const;
  /// Where what follows a chunk of chunks() begins: it may stand inside the chunk's body, when that was cut.
  std::uint64_t end_of(const MappedChunk& chunk) const;
  const std::vector<Hole>& holes() const { return holes_; }
  const std::optional<Seal>& seal() const { return seal_; }
  std::uint64_t seal_offset() const { return seal_offset_; }
  /// Behind the last thing recognised.
  std::uint64_t end() const { return at_; }
  /// Bytes behind end() now: an append under way, or a cut, or damage.
  std::uint64_t unfinished() const { return size_ - at_; }
  std::uint64_t size() const { return size_; }

 private:
  enum class Found { nothing, item };
  explicit RecordMap(int fd) : fd_(fd) {}
  base::Result<Found> take_item(std::uint64_t at);
  base::Result<Found> take_seal(std::uint64_t at, base::ByteView prefix);
  base::Result<Found> search();

  int fd_;
  std::optional<Header> header_;
  std::string header_problem_;
  Hash header_hash_{};
  std::vector<MappedChunk> chunks_;
  std::map<std::uint64_t, std::size_t> misplaced_;  // the first of a number that does not stand in its place
  std::vector<Hole> holes_;
  std::optional<Seal> seal_;
  std::uint64_t seal_offset_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t searched_size_ = 0;  // the size at which a search from at_ found nothing
  std::uint64_t size_ = 0;
};

}  // namespace sallyport::recording
