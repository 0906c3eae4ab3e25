// SPDX-License-Identifier: Apache-2.0
// The broker's half of the bulk ring: makes the memory and its doorbells, and hands them on. It never maps them: what
// two untrusted workers write there is nothing the broker may look at.
#pragma once

#include <array>
#include <cstddef>

#include "base/fd.h"
#include "base/result.h"
#include "ipc/ring_layout.h"

namespace sallyport::ipc {

/// The memory is sealed against resizing, so neither worker can make the other's mapping fault.
struct RingMemory {
  base::Fd memory;
  base::Fd front_bell;  ///< eventfd that the front polls and the back rings
  base::Fd back_bell;   ///< eventfd that the back polls and the front rings

  /// capacity: bytes per direction (is_ring_capacity); Errc::invalid otherwise, Errc::io when the kernel refuses.
  static base::Result<RingMemory> create(std::size_t capacity = kRingDefaultCapacity);

  /// What goes with the message that announces the ring, in the order that leg::Ring::attach expects: the memory, the
  /// receiver's own doorbell, the other's.
  std::array<int, 3> fds_for_front() const { return {memory.get(), front_bell.get(), back_bell.get()}; }
  std::array<int, 3> fds_for_back() const { return {memory.get(), back_bell.get(), front_bell.get()}; }
};

}  // namespace sallyport::ipc
