// SPDX-License-Identifier: Apache-2.0
// Bytes that are appended to and wiped when they go, for the .cc files of this folder that write private keys. It must
// never grow past its reserve, since growth would leave a copy behind: that is our own bug and aborts.
#pragma once

#include <cstdlib>

#include "base/bytes.h"

namespace sallyport::keys {

class WipedBuffer {
 public:
  explicit WipedBuffer(std::size_t reserve) {
    bytes_.reserve(reserve);
    start_ = bytes_.data();
  }
  ~WipedBuffer() {
    if (bytes_.data() != start_) std::abort();
    base::wipe(bytes_.data(), bytes_.size());
  }
  WipedBuffer(const WipedBuffer&) = delete;
  WipedBuffer& operator=(const WipedBuffer&) = delete;

  /// To append to, by a Writer.
  base::Bytes& bytes() { return bytes_; }
  base::ByteView view() const { return bytes_; }

 private:
  base::Bytes bytes_;
  const std::uint8_t* start_ = nullptr;
};

}  // namespace sallyport::keys
