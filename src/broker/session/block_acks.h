// SPDX-License-Identifier: Apache-2.0
// Which blocks of a session's bulk streams may go on: those in the record, while the gate is open. Trusted side, on a
// session loop. An acknowledgement covers every block before it, so it never comes out of turn.
#pragma once

#include <cstdint>

#include "broker/session/back_side.h"
#include "broker/session/session_handle.h"

namespace sallyport::event {
class StreamBlock;
}

namespace sallyport::broker {

class BlockAcks {
 public:
  /// strict: a block for the target has to be on the disk.
  BlockAcks(BackSide& back, const SessionHandle& handle, bool strict) : back_(back), handle_(handle), strict_(strict) {}

  /// The block is in the record. True: it waits until synced() is called for it; else it goes on.
  bool must_sync(const event::StreamBlock& block);
  void synced(std::uint64_t number);
  /// The gate may have been opened.
  void go_on();
  /// A leg broke its rules: no block goes on any more.
  void stop() { stopped_ = true; }

 private:
  void acknowledge(std::uint64_t up_to);

  BackSide& back_;
  const SessionHandle& handle_;
  const bool strict_;
  bool stopped_ = false;
  unsigned syncing_ = 0;
  std::uint64_t waiting_ = 0;  // up to this one, once the gate is open again
};

}  // namespace sallyport::broker
