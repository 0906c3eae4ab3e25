// SPDX-License-Identifier: Apache-2.0
// Bytes that wait for a window or for room, in order, each run with a tag (its stream). Untrusted side; the caller
// bounds it by the windows it grants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace sallyport::leg {

class ByteQueue {
 public:
  /// Copies data behind what is queued.
  void push(std::uint8_t tag, base::ByteView data);
  bool empty() const { return bytes_ == 0; }
  std::size_t size() const { return bytes_; }

  /// The first run: its tag and its bytes. Not to be called when empty.
  std::uint8_t tag() const { return runs_[head_].tag; }
  base::ByteView front() const;
  /// Takes n bytes, at most front().size(), away.
  void consume(std::size_t n);
  void clear();

 private:
  struct Run {
    std::uint8_t tag = 0;
    base::Bytes bytes;
  };
  std::vector<Run> runs_;
  std::size_t head_ = 0;    // index of the first run that still has bytes
  std::size_t offset_ = 0;  // into that run
  std::size_t bytes_ = 0;
};

}  // namespace sallyport::leg
