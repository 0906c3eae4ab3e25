// SPDX-License-Identifier: Apache-2.0
// Reading and writing the peer's byte stream with the only calls that a worker's sandbox leaves. Untrusted side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace sallyport::leg {

enum class StreamState {
  open,         ///< bytes moved
  would_block,  ///< none moved: poll
  ended,        ///< reading: the peer will send no more. Writing: it takes no more
  failed,       ///< reset or another error; the errno is in StreamResult
};

struct StreamResult {
  StreamState state = StreamState::would_block;
  std::size_t bytes = 0;
  int error = 0;
};

/// Up to out.size() (at least 1) bytes; never blocks.
StreamResult receive_some(int fd, std::span<std::uint8_t> out);
/// A prefix of data (at least 1 byte); never blocks, never raises SIGPIPE.
StreamResult send_some(int fd, base::ByteView data);

}  // namespace sallyport::leg
