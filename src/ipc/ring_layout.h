// SPDX-License-Identifier: Apache-2.0
// Where things lie in the memory that a front and a back share for bulk. The broker makes it and never maps it; each
// worker must take whatever it reads there for the work of an attacker.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport::ipc {

/// One direction's indices, each on a cache line of its own. They count bytes since the start and never wrap in
/// practice; the place in the data is index modulo capacity. Only ever accessed through std::atomic_ref.
struct RingControl {
  alignas(64) std::uint64_t head;            ///< written by the producer: bytes published
  alignas(64) std::uint64_t tail;            ///< written by the consumer: bytes taken
  alignas(64) std::uint32_t reader_waiting;  ///< 1: the consumer sleeps until its doorbell rings
  alignas(64) std::uint32_t writer_waiting;  ///< 1: the producer sleeps until its doorbell rings
};
static_assert(sizeof(RingControl) == 256);

/// Before each payload. Records start at multiples of 16, so a header never straddles the end of the data.
struct RingRecordHeader {
  std::uint32_t channel;
  std::uint8_t stream;
  std::uint8_t reserved[3];  ///< zero
  std::uint32_t length;      ///< payload bytes, at least 1
  std::uint32_t reserved2;   ///< zero
};
static_assert(sizeof(RingRecordHeader) == 16);
inline constexpr std::size_t kRingRecordAlign = 16;

/// Offsets in the memory: control front→back, control back→front, then the data of each.
inline constexpr std::size_t kRingControlFrontToBack = 0;
inline constexpr std::size_t kRingControlBackToFront = sizeof(RingControl);
inline constexpr std::size_t kRingData = 4096;

/// Bytes of data per direction: a power of two between these.
inline constexpr std::size_t kRingMinCapacity = 4096;
inline constexpr std::size_t kRingMaxCapacity = 64u << 20;
inline constexpr std::size_t kRingDefaultCapacity = 1u << 20;

constexpr bool is_ring_capacity(std::size_t n) {
  return n >= kRingMinCapacity && n <= kRingMaxCapacity && (n & (n - 1)) == 0;
}
constexpr std::size_t ring_memory_bytes(std::size_t capacity) {
  return kRingData + 2 * capacity;
}

}  // namespace sallyport::ipc
