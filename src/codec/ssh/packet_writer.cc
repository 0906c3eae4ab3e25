// SPDX-License-Identifier: Apache-2.0
// The sending half of the packet layer. Runs in the untrusted workers.
#include "codec/ssh/packet_writer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace sallyport::codec::ssh {

namespace {

// Idle and keystrokes; a packet or two; bulk.
constexpr std::array<std::size_t, 3> kStages = {4 * 1024, 72 * 1024, 320 * 1024};

// Length, padding length, largest padding (a block and three bytes), tag.
constexpr std::size_t kOverhead = 5 + 16 + 3 + kMaxTagBytes;

// Below this a bulk payload waits for the buffer to drain rather than go out in crumbs.
constexpr std::size_t kUsefulPayload = 8 * 1024;
// Moving at most this much makes room cheaply.
constexpr std::size_t kCheapMove = 16 * 1024;

constexpr std::uint64_t kMaxPacketsPerKey = 0xFFFFFFFF;

std::size_t round_up(std::size_t n, std::size_t unit) {
  return (n + unit - 1) / unit * unit;
}

}  // namespace

PacketWriter::~PacketWriter() = default;

void PacketWriter::append(base::ByteView raw) {
  (void)make_room(raw.size(), WhenFull::grow);
  std::memcpy(buffer_.get() + tail_, raw.data(), raw.size());
  tail_ += raw.size();
  total_bytes_ += raw.size();
}

void PacketWriter::resize(std::size_t capacity) {
  std::unique_ptr<std::uint8_t[]> bigger(new std::uint8_t[capacity]);
  if (tail_ > head_) std::memcpy(bigger.get(), buffer_.get() + head_, tail_ - head_);
  tail_ -= head_;
  head_ = 0;
  buffer_ = std::move(bigger);
  capacity_ = capacity;
}

bool PacketWriter::make_room(std::size_t bytes, WhenFull when_full) {
  if (head_ == tail_) head_ = tail_ = 0;
  if (capacity_ - tail_ >= bytes) return true;
  const std::size_t needed = backlog() + bytes;
  if (needed <= capacity_ && backlog() <= kCheapMove) {
    std::memmove(buffer_.get(), buffer_.get() + head_, backlog());
    tail_ -= head_;
    head_ = 0;
    return true;
  }
  const auto stage = std::find_if(kStages.begin(), kStages.end(), [&](std::size_t s) { return s >= needed; });
  if (stage != kStages.end() && (*stage > capacity_ || when_full == WhenFull::grow)) {
    resize(*stage);
    return true;
  }
  if (when_full == WhenFull::wait) return false;
  resize(round_up(needed + needed / 2, kStages.front()));
  return true;
}

std::span<std::uint8_t> PacketWriter::begin(std::size_t max_bytes, WhenFull when_full) {
  assert(reserved_ == 0 && max_bytes > 0);
  max_bytes = std::min<std::size_t>(max_bytes, 256 * 1024 - 1024);
  if (!make_room(max_bytes + kOverhead, when_full)) {
    if (capacity_ < kStages.back()) resize(kStages.back());
    const std::size_t room = capacity_ - tail_;
    if (room < kUsefulPayload + kOverhead) return {};
    max_bytes = std::min(max_bytes, room - kOverhead);
  }
  reserved_ = max_bytes;
  return {buffer_.get() + tail_ + 5, max_bytes};
}

bool PacketWriter::has_room() const {
  return backlog() <= kCheapMove || kStages.back() - std::min(kStages.back(), tail_) >= kUsefulPayload + kOverhead;
}

base::Status PacketWriter::end(std::size_t n, base::ByteView elsewhere) {
  assert(n <= reserved_ && elsewhere.size() <= n);
  reserved_ = 0;
  if (n == 0) return {};
  if (packets_since_keys_ >= kMaxPacketsPerKey) {
    return base::fail(base::Errc::full, "too many packets without a key exchange");
  }
  const std::size_t block = cipher_->block_bytes();
  // RFC 4253 §6: at least four bytes of padding, whole blocks, and never less than 16 bytes in all.
  const std::size_t counted = (4 - cipher_->unpadded_bytes()) + 1 + n;
  const std::size_t padded = std::max(round_up(counted + 4, block), 16 - cipher_->unpadded_bytes());
  const std::size_t padding = round_up(padded, block) - counted;
  const std::size_t length = 1 + n + padding;
  std::uint8_t* packet = buffer_.get() + tail_;
  store_u32(packet, static_cast<std::uint32_t>(length));
  packet[4] = static_cast<std::uint8_t>(padding);
  fill_padding(packet + 5 + n, padding);
  const std::size_t whole = 4 + length + cipher_->tag_bytes();
  if (auto sealed = cipher_->seal(sequence_, {packet, whole}, {elsewhere, 5 + n - elsewhere.size()}); !sealed) {
    base::wipe(packet, whole);
    return sealed;
  }
  tail_ += whole;
  total_bytes_ += whole;
  bytes_since_keys_ += whole;
  ++packets_since_keys_;
  ++sequence_;
  return {};
}

base::Status PacketWriter::write(base::ByteView payload) {
  const auto room = begin(payload.size(), WhenFull::grow);
  if (room.size() < payload.size()) {
    reserved_ = 0;
    return base::fail(base::Errc::full, "a payload is too large for a packet");
  }
  std::memcpy(room.data(), payload.data(), payload.size());
  return end(payload.size());
}

void PacketWriter::consume(std::size_t n) {
  assert(n <= backlog());
  head_ += n;
  if (head_ == tail_) head_ = tail_ = 0;
}

void PacketWriter::set_cipher(std::unique_ptr<PacketCipher> cipher, SequenceNumbers numbers) {
  cipher_ = std::move(cipher);
  bytes_since_keys_ = 0;
  packets_since_keys_ = 0;
  if (numbers == SequenceNumbers::reset) sequence_ = 0;
}

void PacketWriter::give_back() {
  if (backlog() != 0 || reserved_ != 0) return;
  buffer_.reset();
  capacity_ = head_ = tail_ = 0;
}

void PacketWriter::fill_padding(std::uint8_t* out, std::size_t n) {
  if (padding_left_ < n) {
    random_->fill(padding_pool_);
    padding_left_ = padding_pool_.size();
  }
  std::memcpy(out, padding_pool_.data() + padding_pool_.size() - padding_left_, n);
  padding_left_ -= n;
}

}  // namespace sallyport::codec::ssh
