// SPDX-License-Identifier: Apache-2.0
// What one entry of a queue counts against the queue's bound: its bytes, and what it costs in memory however few they
// are.
#pragma once

#include <cstddef>

namespace sallyport::broker {

constexpr std::size_t queue_cost(std::size_t bytes) {
  constexpr std::size_t kAroundIt = 128;  // the entry, its place in the queue, the allocator's own
  return bytes + kAroundIt;
}

}  // namespace sallyport::broker
