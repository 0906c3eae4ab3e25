// SPDX-License-Identifier: Apache-2.0
// One direction of the ring: producer and consumer. Sleeping is Dekker's handshake: each side first says what it did
// (or that it will sleep), then looks at what the other did, all sequentially consistent, so one of the two always
// notices.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>

#include "leg/ring.h"

namespace sallyport::leg {
namespace {

using base::Errc;

static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free, "the indices are shared between processes");
static_assert(std::atomic_ref<std::uint32_t>::is_always_lock_free, "the flags are shared between processes");

constexpr std::size_t kHeader = sizeof(ipc::RingRecordHeader);

constexpr std::size_t padded(std::size_t n) {
  return (n + ipc::kRingRecordAlign - 1) & ~(ipc::kRingRecordAlign - 1);
}

/// A producer sleeps until this much is free, so that it does not wake for every few bytes.
constexpr std::size_t worth_waking(std::size_t capacity) {
  return capacity / 4;
}
/// Less room than this is not used for part of a longer payload. Below worth_waking: after a wake-up there is always
/// room.
constexpr std::size_t worth_using(std::size_t capacity) {
  return capacity / 8;
}

void ring_bell(int fd) {
  const std::uint64_t one = 1;
  // EAGAIN only when the counter is at its limit: then it is readable anyway.
  [[maybe_unused]] const ssize_t n = ::write(fd, &one, sizeof(one));
}

/// Rings when the other side said it sleeps; whoever clears the flag rings, so one sleep costs one ring.
void wake(std::uint32_t& waiting, int bell) {
  std::atomic_ref<std::uint32_t> flag(waiting);
  if (flag.load(std::memory_order_seq_cst) != 0 && flag.exchange(0, std::memory_order_seq_cst) != 0) ring_bell(bell);
}

}  // namespace

base::Result<std::size_t> RingWriter::free_bytes() {
  const std::uint64_t tail = std::atomic_ref<std::uint64_t>(control_.tail).load(std::memory_order_seq_cst);
  // Never back, never past what was published. Unsigned, so every other value fails too.
  if (tail - tail_seen_ > head_ - tail_seen_)
    return base::fail(Errc::corrupt, "the ring's reader published an impossible index");
  tail_seen_ = tail;
  return capacity_ - static_cast<std::size_t>(head_ - tail);
}

base::Result<RingSpans> RingWriter::reserve(std::size_t max) {
  assert(max > 0);
  auto free = free_bytes();
  if (!free) return base::pass(free);
  const std::size_t usable = *free & ~(ipc::kRingRecordAlign - 1);  // a reader in mid-record leaves odd amounts
  reserved_ = usable <= kHeader ? 0 : std::min(max, usable - kHeader);
  if (reserved_ < std::min(max, worth_using(capacity_))) reserved_ = 0;
  if (reserved_ == 0) return RingSpans{};
  const std::size_t start = static_cast<std::size_t>(head_ + kHeader) & (capacity_ - 1);
  const std::size_t first = std::min(reserved_, capacity_ - start);
  return RingSpans{{data_ + start, first}, {data_, reserved_ - first}};
}

void RingWriter::commit(std::uint32_t channel, std::uint8_t stream, std::size_t n) {
  assert(n > 0 && n <= reserved_);
  const ipc::RingRecordHeader header{channel, stream, {}, static_cast<std::uint32_t>(n), 0};
  std::memcpy(data_ + (head_ & (capacity_ - 1)), &header, kHeader);  // aligned: never straddles the end
  head_ += kHeader + padded(n);
  reserved_ = 0;
  std::atomic_ref<std::uint64_t>(control_.head).store(head_, std::memory_order_seq_cst);
  wake(control_.reader_waiting, peer_bell_);
}

base::Result<std::size_t> RingWriter::write(std::uint32_t channel, std::uint8_t stream,
                                            std::span<const std::uint8_t> data) {
  auto room = reserve(data.size());
  if (!room) return base::pass(room);
  const std::size_t n = room->size();
  if (n == 0) return std::size_t{0};
  std::memcpy(room->first.data(), data.data(), room->first.size());
  if (!room->second.empty()) std::memcpy(room->second.data(), data.data() + room->first.size(), room->second.size());
  commit(channel, stream, n);
  return n;
}

base::Result<bool> RingWriter::arm_wake_up() {
  std::atomic_ref<std::uint32_t> waiting(control_.writer_waiting);
  waiting.store(1, std::memory_order_seq_cst);
  auto free = free_bytes();
  if (!free) return base::pass(free);
  if (*free < worth_waking(capacity_)) return true;
  waiting.store(0, std::memory_order_seq_cst);
  return false;
}

base::Result<std::size_t> RingReader::available() {
  const std::uint64_t head = std::atomic_ref<std::uint64_t>(control_.head).load(std::memory_order_seq_cst);
  // Never back behind what was seen, never more than fits, never in the middle of a record's alignment.
  const bool possible =
      head - tail_ <= capacity_ && head - tail_ >= head_seen_ - tail_ && head % ipc::kRingRecordAlign == 0;
  if (!possible) return base::fail(Errc::corrupt, "the ring's writer published an impossible index");
  head_seen_ = head;
  return static_cast<std::size_t>(head - tail_);
}

base::Result<std::optional<RingRecord>> RingReader::next() {
  if (record_.remaining > 0) return std::optional<RingRecord>(record_);
  auto ready = available();
  if (!ready) return base::pass(ready);
  if (*ready == 0) return std::optional<RingRecord>{};
  ipc::RingRecordHeader header;  // a private copy: what is checked is what is used
  std::memcpy(&header, data_ + (tail_ & (capacity_ - 1)), kHeader);
  const std::size_t length = header.length;
  const bool zero =
      header.reserved[0] == 0 && header.reserved[1] == 0 && header.reserved[2] == 0 && header.reserved2 == 0;
  if (!zero || length == 0 || *ready < kHeader || padded(length) > *ready - kHeader) {
    return base::fail(Errc::corrupt, "the ring's writer published an impossible record");
  }
  tail_ += kHeader;
  record_ = {header.channel, header.stream, length};
  padding_ = padded(length) - length;
  return std::optional<RingRecord>(record_);
}

void RingReader::read(std::span<std::uint8_t> out) {
  assert(!out.empty() && out.size() <= record_.remaining);
  const std::size_t start = static_cast<std::size_t>(tail_) & (capacity_ - 1);
  const std::size_t first = std::min(out.size(), capacity_ - start);
  std::memcpy(out.data(), data_ + start, first);
  if (first < out.size()) std::memcpy(out.data() + first, data_, out.size() - first);
  pass(out.size());
}

std::span<const std::uint8_t> RingReader::peek(std::size_t max) const {
  assert(max > 0 && record_.remaining > 0);
  const std::size_t start = static_cast<std::size_t>(tail_) & (capacity_ - 1);
  return {data_ + start, std::min({max, record_.remaining, capacity_ - start})};
}

void RingReader::pass(std::size_t n) {
  assert(n > 0 && n <= record_.remaining);
  tail_ += n;
  record_.remaining -= n;
  if (record_.remaining == 0) tail_ += padding_;
  publish_tail();
}

void RingReader::publish_tail() {
  std::atomic_ref<std::uint64_t>(control_.tail).store(tail_, std::memory_order_seq_cst);
  if (std::atomic_ref<std::uint32_t>(control_.writer_waiting).load(std::memory_order_seq_cst) == 0) return;
  // The writer published all it had before it said that it sleeps, so this index is its last.
  const std::uint64_t head = std::atomic_ref<std::uint64_t>(control_.head).load(std::memory_order_seq_cst);
  if (capacity_ - (head - tail_) >= worth_waking(capacity_)) wake(control_.writer_waiting, peer_bell_);
}

base::Result<bool> RingReader::arm_wake_up() {
  if (record_.remaining > 0) return false;
  std::atomic_ref<std::uint32_t> waiting(control_.reader_waiting);
  waiting.store(1, std::memory_order_seq_cst);
  auto ready = available();
  if (!ready) return base::pass(ready);
  if (*ready == 0) return true;
  waiting.store(0, std::memory_order_seq_cst);
  return false;
}

}  // namespace sallyport::leg
