// SPDX-License-Identifier: Apache-2.0
// Runs grow to 32 KiB before a new one begins, so that a trickle does not cost an allocation a byte.
#include "leg/byte_queue.h"

#include <cassert>

namespace sallyport::leg {

namespace {
constexpr std::size_t kRunBytes = 32 * 1024;
}  // namespace

void ByteQueue::push(std::uint8_t tag, base::ByteView data) {
  if (data.empty()) return;
  if (runs_.empty() || runs_.back().tag != tag || runs_.back().bytes.size() + data.size() > kRunBytes) {
    runs_.push_back({tag, {}});
  }
  auto& bytes = runs_.back().bytes;
  bytes.insert(bytes.end(), data.begin(), data.end());
  bytes_ += data.size();
}

base::ByteView ByteQueue::front() const {
  assert(!empty());
  return base::ByteView(runs_[head_].bytes).subspan(offset_);
}

void ByteQueue::consume(std::size_t n) {
  assert(n <= front().size());
  offset_ += n;
  bytes_ -= n;
  if (offset_ < runs_[head_].bytes.size()) return;
  offset_ = 0;
  base::Bytes().swap(runs_[head_].bytes);
  ++head_;
  if (bytes_ == 0) {
    clear();
  } else if (head_ * 2 > runs_.size()) {
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void ByteQueue::clear() {
  std::vector<Run>().swap(runs_);
  head_ = 0;
  offset_ = 0;
  bytes_ = 0;
}

}  // namespace sallyport::leg
