// SPDX-License-Identifier: Apache-2.0
// The walk over frames without a key: follows the chain, and finds its way again after damage. Reads foreign bytes;
// its work must stay bounded whatever they are.
#include <algorithm>

#include "recording/frame.h"
#include "recording/wire.h"

namespace sallyport::recording {
namespace {

// A frame's number can be believed only this far from where it was expected: it makes a chance match in ciphertext
// rare.
constexpr std::uint32_t kNumberWindow = 4096;
// Searching hashes candidates; all candidates of one walk together cost at most this many bytes.
constexpr std::size_t kSearchBudgetBytes = 8 * 1024 * 1024;

class Walker {
 public:
  Walker(base::ByteView bytes, const Hash& chain_in) : bytes_(bytes), chain_in_(chain_in) {}

  FrameWalk run() {
    used_ = bytes_.size() - trailing_zeros();
    walk_.chain_out = chain_in_;
    std::size_t at = 0;
    while (at < used_) {
      if (auto frame = frame_at(at); frame && believable(*frame, at)) {
        at = accept(*frame);
        continue;
      }
      const std::size_t next = find_frame(at + 1);
      note_hole(at, next);
      at = next;
    }
    // A hash may end in zero bytes: they are the frame's, not the end's.
    walk_.used_bytes = std::max(used_, walk_.valid_bytes);
    return std::move(walk_);
  }

 private:
  std::size_t trailing_zeros() {
    std::size_t n = 0;
    while (n < bytes_.size() && bytes_[bytes_.size() - 1 - n] == 0) ++n;
    return n;
  }

  /// A frame whose lengths fit here, checked with the chain of the frame before it.
  std::optional<WalkedFrame> frame_at(std::size_t at) const {
    if (bytes_.size() - at < kFrameOverheadBytes) return std::nullopt;
    WalkedFrame f;
    f.head = decode_frame_head(bytes_.data() + at);
    if (f.head.body_bytes < kTagBytes || f.head.body_bytes > kMaxSealedFrameBytes) return std::nullopt;
    f.offset = at;
    f.size = kFrameHeadBytes + f.head.body_bytes + 32;
    if (f.size > bytes_.size() - at) return std::nullopt;
    if (f.head.inputs > f.head.entries || f.head.number > expected_ + kNumberWindow) return std::nullopt;
    f.chain_before = before(at);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at + f.size - 32), 32, f.chain.begin());
    return f;
  }

  /// The chain that a frame here should continue: the last 32 bytes before it, which end the frame before.
  Hash before(std::size_t at) const {
    if (at < 32) return chain_in_;
    Hash out;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at - 32), 32, out.begin());
    return out;
  }

  bool matches(const WalkedFrame& f) const {
    return chain_frame(f.chain_before, bytes_.subspan(f.offset, f.size - 32)) == f.chain;
  }

  /// Judges a frame that fits. One that does not match its hash is still taken for a frame when what follows it is one
  /// (or the end), so that a flipped byte is named as that frame's.
  bool believable(WalkedFrame& f, std::size_t at) {
    if (matches(f)) {
      const bool follows = f.chain_before == last_chain() && f.head.number == expected_;
      f.fault = follows ? WalkedFrame::Fault::none : WalkedFrame::Fault::unlinked;
      return true;
    }
    const std::size_t end = at + f.size;
    if (std::all_of(f.chain.begin(), f.chain.end(), [](std::uint8_t b) { return b == 0; })) {
      walk_.torn = end >= used_ && !length_altered(at);
      return false;
    }
    f.fault = f.head.number == expected_ ? WalkedFrame::Fault::altered : WalkedFrame::Fault::unlinked;
    if (end >= used_) return true;
    const auto next = frame_at(end);
    return next && next->head.number <= f.head.number + 2 && spend(next->size) && plausible_chain(*next);
  }

  /// The frame behind a damaged one: it matches the stored hash before it, or stands where its number says.
  bool plausible_chain(const WalkedFrame& next) const {
    return matches(next) || next.head.number == expected_ + 1 || next.head.number == expected_;
  }

  const Hash& last_chain() const { return walk_.frames.empty() ? chain_in_ : walk_.frames.back().chain; }

  std::size_t accept(const WalkedFrame& f) {
    walk_.frames.push_back(f);
    expected_ = f.head.number + 1;
    const std::size_t end = f.offset + f.size;
    if (f.fault == WalkedFrame::Fault::none && walk_.valid_frames + 1 == walk_.frames.size() && walk_.holes.empty()) {
      ++walk_.valid_frames;
      walk_.valid_bytes = end;
      walk_.chain_out = f.chain;
    }
    return end;
  }

  bool spend(std::size_t bytes) {
    if (bytes > budget_) return false;
    budget_ -= bytes;
    return true;
  }

  /// The next place where a frame matches its hash; used_ when there is none.
  std::size_t find_frame(std::size_t from) {
    for (std::size_t at = from; at + kFrameOverheadBytes <= used_; ++at) {
      const auto f = frame_at(at);
      if (!f || f->head.entries == 0 || f->head.entries > f->head.body_bytes) continue;
      if (!spend(f->size)) break;
      if (matches(*f)) return at;
    }
    return used_;
  }

  void note_hole(std::size_t at, std::size_t next) {
    walk_.holes.emplace_back(at, next - at);
    if (next < used_) {
      walk_.torn = false;
    } else if (bytes_.size() - at < kFrameHeadBytes || !frame_at(at)) {
      // Not even a whole head, or a frame longer than what is there: cut short too, when nothing follows it.
      const std::size_t left = used_ - at;
      if (left < kFrameHeadBytes) {
        walk_.torn = left >= 4 || get_le<std::uint8_t>(bytes_.data() + at) != 0;
      } else {
        walk_.torn = claims_more(at) && !stands_whole(at) && !length_altered(at);
      }
    }
  }

  /// Whether the rest is a whole frame but for its stated length: then nothing was cut short, someone changed it.
  bool length_altered(std::size_t at) const {
    for (std::size_t end = used_; end <= std::min(used_ + 2, bytes_.size()); ++end) {
      if (end < at + kFrameOverheadBytes) continue;
      std::array<std::uint8_t, kFrameHeadBytes> head;
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), head.size(), head.begin());
      put_le(head.data(), static_cast<std::uint32_t>(end - at - kFrameHeadBytes - 32));
      const Hash sum = hash(HashOf::frame, {view(before(at)), head,
                                            bytes_.subspan(at + kFrameHeadBytes, end - at - kFrameHeadBytes - 32)});
      if (std::equal(sum.begin(), sum.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(end - 32))) return true;
    }
    return false;
  }

  /// Whether the bytes where the stated frame's hash belongs are there and were written: then it is whole, whatever is
  /// wrong with it.
  bool stands_whole(std::size_t at) const {
    const std::size_t size = kFrameHeadBytes + decode_frame_head(bytes_.data() + at).body_bytes + 32;
    if (size > bytes_.size() - at) return false;
    const base::ByteView sum = bytes_.subspan(at + size - 32, 32);
    return std::any_of(sum.begin(), sum.end(), [](std::uint8_t b) { return b != 0; });
  }

  bool claims_more(std::size_t at) const {
    const FrameHead head = decode_frame_head(bytes_.data() + at);
    return head.number == expected_ && head.body_bytes >= kTagBytes && head.body_bytes <= kMaxSealedFrameBytes &&
           kFrameHeadBytes + head.body_bytes + 32 > used_ - at;
  }

  base::ByteView bytes_;
  Hash chain_in_;
  FrameWalk walk_;
  std::size_t used_ = 0;
  std::uint32_t expected_ = 0;
  std::size_t budget_ = kSearchBudgetBytes;
};

}  // namespace

FrameWalk walk_frames(base::ByteView bytes, const Hash& chain_in) {
  return Walker(bytes, chain_in).run();
}

}  // namespace sallyport::recording
