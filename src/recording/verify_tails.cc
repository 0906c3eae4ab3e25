// SPDX-License-Identifier: Apache-2.0
// The part of a verification that looks at what is not in ID.rec yet. Reads foreign bytes.
#include <algorithm>
#include <map>

#include "recording/content_check.h"
#include "recording/file_io.h"
#include "recording/frame.h"
#include "recording/verifier.h"

namespace sallyport::recording {
namespace {

// How far past a missing tail one is still looked for: a writer has at most a full, a current and a prepared one.
constexpr std::uint64_t kTailsAhead = 3;

}  // namespace

base::Result<std::optional<base::Bytes>> Verifier::read_tail(std::uint64_t number) const {
  auto fd = source_.open_tail(number);
  if (!fd) {
    if (fd.error().code == base::Errc::not_found) return std::nullopt;
    return pass(fd);
  }
  auto bytes = read_at(fd->get(), 0, kTailCapacityBytes + 1);
  if (!bytes) return pass(bytes);
  return std::optional<base::Bytes>(std::move(*bytes));
}

/// Whether it is what the last chunk was made of: a writer that closes drops it only when the seal is durable.
bool Verifier::holds_last_chunk(base::ByteView tail) const {
  const auto head = decode_tail_head(tail);
  if (!head || !*head || (*head)->header_hash != map_.header_hash() || (*head)->number + 1 != next_number_)
    return false;
  const FrameWalk walk = walk_frames(tail.subspan(std::min(kTailHeadBytes, tail.size())), (*head)->chain_in);
  return walk.valid_frames > 0 && walk.chain_out == chain_;
}

base::Status Verifier::check_tails() {
  // The last chunk's tail may not have been dropped yet.
  if (next_number_ > 0) {
    auto left = read_tail(next_number_ - 1);
    if (!left) return pass(left);
    if (*left) {
      closing_ = holds_last_chunk(**left);
      findings_.note("tail " + std::to_string(next_number_ - 1), "left over: its chunk is in the record");
    }
  }
  std::map<std::uint64_t, base::Bytes> tails;
  // The last first: nothing is added to a tail once the next has begun, so each is whole when those behind it were
  // read before.
  for (std::uint64_t n = next_number_ + kTailsAhead; n-- > next_number_;) {
    auto bytes = read_tail(n);
    if (!bytes) return pass(bytes);
    if (!*bytes) continue;
    // Prepared and not begun: all zeros. One whose head alone is gone was begun.
    const bool begun = std::any_of((*bytes)->begin(), (*bytes)->end(), [](std::uint8_t b) { return b != 0; });
    if (begun) tails.emplace(n, std::move(**bytes));
  }
  std::uint64_t expected = next_number_;
  for (const auto& [n, bytes] : tails) {
    for (; expected < n; ++expected) {
      findings_.fault("tail " + std::to_string(expected), "missing");
      chain_known_ = false;
    }
    const bool used = check_tail(n, bytes, n == tails.rbegin()->first);
    if (used && map_.seal()) findings_.fault("tail " + std::to_string(n), "frames are left beside the seal");
    expected = n + 1;
  }
  current_tail_ = !tails.empty();
  covered_ = tails.contains(next_number_);
  return {};
}

/// True when the tail holds frames.
bool Verifier::check_tail(std::uint64_t number, base::ByteView bytes, bool last) {
  const std::string name = "tail " + std::to_string(number);
  if (bytes.size() > kTailCapacityBytes) findings_.fault(name, "longer than a tail can be");
  const auto head = decode_tail_head(bytes);
  Hash chain_in = chain_;
  if (!head || !*head) {
    findings_.fault(name + " at offset 0", head ? std::string("its head is gone") : head.message());
  } else {
    chain_in = (*head)->chain_in;
    if ((*head)->header_hash != map_.header_hash()) findings_.fault(name, "is another recording's");
    if ((*head)->number != number) findings_.fault(name, "is tail " + std::to_string((*head)->number));
    if (chain_known_ && ((*head)->chain_in != chain_ || (*head)->first_seq != next_seq_)) {
      findings_.fault(name, "does not continue what precedes it: frames are missing or altered");
    }
    next_seq_ = (*head)->first_seq;
  }
  const base::ByteView frames = bytes.subspan(std::min(kTailHeadBytes, bytes.size()));
  const FrameWalk walk = walk_frames(frames, chain_in);
  ContentCheck check(findings_, keys_ ? &*keys_ : nullptr, map_.header_hash());
  const FramesPlace where{name, number, kTailHeadBytes};
  check.frames(where, walk, last ? TornEnd::possible : TornEnd::impossible);
  check.open_frames(where, frames, walk);
  chain_ = walk.chain_out;
  chain_known_ = walk.valid_frames == walk.frames.size() && walk.holes.empty();
  for (const WalkedFrame& f : walk.frames) {
    report_.entries += f.head.entries;
    next_seq_ = f.head.first_seq + f.head.entries;
  }
  report_.tail_frames += walk.frames.size();
  return !walk.frames.empty() || !walk.holes.empty();
}

}  // namespace sallyport::recording
