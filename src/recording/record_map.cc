// SPDX-License-Identifier: Apache-2.0
// Where everything lies in ID.rec. Reads foreign bytes.
#include "recording/record_map.h"

#include <algorithm>
#include <string_view>

#include "recording/file_io.h"

namespace sallyport::recording {
namespace {

constexpr std::string_view kChunkMagic("SPCHUNK\1", 8);
constexpr std::string_view kSealMagic("SPSEAL\0\1", 8);
// A search begins with small blocks: a file made to deceive has a hole in every hundred bytes.
constexpr std::size_t kFirstSearchBytes = 4 * 1024;
constexpr std::size_t kSearchBlockBytes = 1024 * 1024;
// A file made to deceive could claim a large seal at every turn; an honest one has one.
constexpr int kMaxSealAttempts = 64;

}  // namespace

base::Result<RecordMap> RecordMap::open(int fd) {
  RecordMap map(fd);
  auto bytes = read_at(fd, 0, kHeaderBytes);
  if (!bytes) return pass(bytes);
  if (bytes->size() == kHeaderBytes) {
    std::copy(bytes->end() - 96, bytes->end() - 64, map.header_hash_.begin());
  }
  auto header = decode_header(*bytes);
  if (header) {
    map.header_ = std::move(*header);
    if (!map.header_->hash_holds) map.header_problem_ = "does not match its hash";
  } else {
    map.header_problem_ = header.message();
  }
  map.at_ = bytes->size();
  map.size_ = map.at_;
  return map;
}

const MappedChunk* RecordMap::find(std::uint64_t number) const {
  // In a sound file chunk N is the Nth.
  if (number < chunks_.size() && chunks_[number].head.number == number) return &chunks_[number];
  const auto it = misplaced_.find(number);
  return it == misplaced_.end() ? nullptr : &chunks_[it->second];
}

// The search through those in their places ends at the first that is not: a walk over all numbers takes linear time.
std::optional<std::uint64_t> RecordMap::number_after(std::uint64_t number) const {
  const auto it = misplaced_.upper_bound(number);
  const std::uint64_t bound = it == misplaced_.end() ? chunks_.size() : it->first;
  for (std::uint64_t i = number + 1; i < bound && i < chunks_.size(); ++i) {
    if (chunks_[i].head.number == i) return i;
  }
  if (it == misplaced_.end()) return std::nullopt;
  return it->first;
}

std::uint64_t RecordMap::end_of(const MappedChunk& chunk) const {
  const auto i = static_cast<std::size_t>(&chunk - chunks_.data());
  if (i + 1 < chunks_.size()) return chunks_[i + 1].offset;
  return seal_ ? seal_offset_ : size_;
}

base::Status RecordMap::extend(std::uint64_t up_to) {
  auto size = file_size(fd_);
  if (!size) return pass(size);
  size_ = std::max(std::min(*size, up_to), at_);
  while (at_ < size_ && chunks_.size() < kMaxChunks) {
    auto found = take_item(at_);
    if (found && *found == Found::nothing && searched_size_ != size_) found = search();
    if (!found) return pass(found);
    if (*found == Found::nothing) break;
  }
  return {};
}

base::Result<RecordMap::Found> RecordMap::take_item(std::uint64_t at) {
  auto bytes = read_at(fd_, at, kChunkHeadBytes);
  if (!bytes) return pass(bytes);
  if (base::text(*bytes).starts_with(kSealMagic)) return take_seal(at, *bytes);
  auto head = decode_chunk_head(*bytes);
  if (!head || head->total_bytes() > size_ - at) return Found::nothing;
  at_ = at + head->total_bytes();
  if (head->number != chunks_.size()) misplaced_.emplace(head->number, chunks_.size());
  chunks_.push_back({std::move(*head), at});
  return Found::item;
}

base::Result<RecordMap::Found> RecordMap::take_seal(std::uint64_t at, base::ByteView prefix) {
  auto size = seal_size(prefix);
  if (!size || *size > size_ - at || seal_) return Found::nothing;
  auto bytes = read_at(fd_, at, *size);
  if (!bytes) return pass(bytes);
  auto seal = decode_seal(*bytes);
  if (!seal) return Found::nothing;
  seal_offset_ = at;
  at_ = at + seal->total_bytes;
  seal_ = std::move(*seal);
  return Found::item;
}

/// Looks for the next chunk or seal behind bytes that are neither. Begins inside the body of the last chunk: when bytes
/// were taken out of that, the next head stands earlier than its length says.
base::Result<RecordMap::Found> RecordMap::search() {
  const std::uint64_t expected = at_;
  std::uint64_t from = kHeaderBytes;
  if (seal_) {
    from = expected;
  } else if (!chunks_.empty()) {
    from = chunks_.back().offset + kChunkHeadBytes;
  } else if (from >= size_) {
    from = expected;
  }
  const std::size_t chunks_before = chunks_.size();
  int seal_attempts = 0;
  std::size_t wanted = kFirstSearchBytes;
  while (from < size_) {
    auto block = read_at(fd_, from, wanted);
    if (!block) return pass(block);
    const std::string_view text = base::text(*block);
    for (std::size_t hit = text.find("SP"); hit != text.npos; hit = text.find("SP", hit + 1)) {
      const std::string_view rest = text.substr(hit, 8);
      const bool seal = rest == kSealMagic;
      if ((!seal && rest != kChunkMagic) || (seal && ++seal_attempts > kMaxSealAttempts)) continue;
      auto found = take_item(from + hit);
      if (!found) return pass(found);
      if (*found == Found::nothing) continue;
      if (from + hit > expected) holes_.push_back({expected, from + hit - expected, chunks_before});
      return Found::item;
    }
    if (block->size() < wanted) break;
    from += wanted - 7;  // a magic may straddle two blocks
    wanted = std::min(2 * wanted, kSearchBlockBytes);
  }
  searched_size_ = size_;
  return Found::nothing;
}

}  // namespace sallyport::recording
