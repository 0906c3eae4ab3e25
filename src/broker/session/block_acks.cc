// SPDX-License-Identifier: Apache-2.0
// In the record, on the disk, acknowledged.
#include "broker/session/block_acks.h"

#include <utility>

#include "event/event.pb.h"

namespace sallyport::broker {

// One for the user waits behind those that are being synced.
bool BlockAcks::must_sync(const event::StreamBlock& block) {
  if (strict_ && (block.up() || syncing_ != 0)) {
    ++syncing_;
    return true;
  }
  acknowledge(block.number());
  return false;
}

void BlockAcks::synced(std::uint64_t number) {
  --syncing_;
  acknowledge(number);
}

void BlockAcks::go_on() {
  if (waiting_ != 0) acknowledge(std::exchange(waiting_, 0));
}

void BlockAcks::acknowledge(std::uint64_t up_to) {
  if (handle_.gate_shut() || stopped_) {
    waiting_ = up_to;
    return;
  }
  back_.recorded(up_to);
}

}  // namespace sallyport::broker
