// SPDX-License-Identifier: Apache-2.0
// The receiving half of the packet layer. Runs in the untrusted workers.
#include "codec/ssh/packet_reader.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

namespace sallyport::codec::ssh {

namespace {

// Idle and keystrokes; one ordinary packet; bulk. The largest holds a packet of 256 KiB with its length and tag.
constexpr std::array<std::size_t, 3> kStages = {4 * 1024, 64 * 1024, 320 * 1024};

// One key protects at most this many packets: sequence numbers are nonces and authenticate order.
constexpr std::uint64_t kMaxPacketsPerKey = 0xFFFFFFFF;

constexpr std::size_t kMinPadding = 4;

}  // namespace

PacketReader::~PacketReader() {
  if (buffer_) base::wipe(buffer_.get(), capacity_);
}

std::span<std::uint8_t> PacketReader::space() {
  last_payload_ = {};
  if (head_ == tail_) head_ = tail_ = 0;
  const std::size_t buffered = tail_ - head_;
  const std::size_t needed = std::max(wanted_, buffered + 1);
  if (needed > capacity_) {
    grow(needed);
  } else if (filled_ && capacity_ < kStages.back()) {
    grow(capacity_ + 1);
  }
  filled_ = false;
  const std::size_t room = capacity_ - tail_;
  if (head_ > 0 && (room < capacity_ / 4 || head_ + needed > capacity_)) compact();
  return {buffer_.get() + tail_, capacity_ - tail_};
}

void PacketReader::commit(std::size_t n) {
  assert(n <= capacity_ - tail_);
  filled_ = n > 0 && n == capacity_ - tail_;
  tail_ += n;
  total_bytes_ += n;
}

void PacketReader::compact() {
  std::memmove(buffer_.get(), buffer_.get() + head_, tail_ - head_);
  tail_ -= head_;
  head_ = 0;
}

void PacketReader::grow(std::size_t at_least) {
  const auto stage = std::find_if(kStages.begin(), kStages.end(), [&](std::size_t s) { return s >= at_least; });
  if (stage == kStages.end()) return;  // full of packets that nobody took; no packet alone is that large
  std::unique_ptr<std::uint8_t[]> bigger(new std::uint8_t[*stage]);
  if (buffer_) {
    std::memcpy(bigger.get(), buffer_.get() + head_, tail_ - head_);
    base::wipe(buffer_.get(), capacity_);
  }
  tail_ -= head_;
  head_ = 0;
  buffer_ = std::move(bigger);
  capacity_ = *stage;
}

void PacketReader::give_back() {
  if (head_ != tail_ || !buffer_) return;
  base::wipe(buffer_.get(), capacity_);
  buffer_.reset();
  last_payload_ = {};
  capacity_ = head_ = tail_ = 0;
}

base::Result<std::optional<std::string_view>> PacketReader::next_line(std::size_t max_bytes) {
  const std::string_view buffered(reinterpret_cast<const char*>(buffer_.get()) + head_, tail_ - head_);
  const std::size_t end = buffered.substr(0, max_bytes + 2).find('\n');
  if (end == std::string_view::npos) {
    if (buffered.size() >= max_bytes + 2)
      return base::fail(base::Errc::invalid, "a line of the version exchange is too long");
    return std::nullopt;
  }
  std::string_view line = buffered.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > max_bytes) return base::fail(base::Errc::invalid, "a line of the version exchange is too long");
  head_ += end + 1;
  return line;
}

base::Result<std::size_t> PacketReader::packet_bytes() {
  auto length = cipher_->packet_length(sequence_, buffer_.get() + head_);
  if (!length) return base::pass(length);
  const std::size_t block = cipher_->block_bytes();
  const std::size_t padded = *length + (4 - cipher_->unpadded_bytes());
  if (*length > max_packet_ || *length < 1 + kMinPadding || padded % block != 0) {
    if (cipher_->bad_length() == BadLength::hidden) return max_packet_ / block * block + cipher_->tag_bytes();
    return base::fail(base::Errc::invalid, "bad packet length");
  }
  return 4 + std::size_t{*length} + cipher_->tag_bytes();
}

base::Result<std::optional<PacketReader::Packet>> PacketReader::next() {
  last_payload_ = {};
  const std::size_t buffered = tail_ - head_;
  if (wanted_ == 0) {
    if (buffered < cipher_->head_bytes()) return std::nullopt;
    if (packets_since_keys_ >= kMaxPacketsPerKey) {
      return base::fail(base::Errc::full, "too many packets without a key exchange");
    }
    auto size = packet_bytes();
    if (!size) return base::pass(size);
    wanted_ = *size;
  }
  if (buffered < wanted_) return std::nullopt;

  const std::span<std::uint8_t> packet(buffer_.get() + head_, wanted_);
  if (auto opened = cipher_->open(sequence_, packet); !opened) return base::pass(opened);
  const std::size_t length = wanted_ - 4 - cipher_->tag_bytes();
  const std::size_t padding = packet[4];
  // At least one byte of payload: an empty one has no message number (RFC 4253 §6 lets nothing be built from it).
  if (padding < kMinPadding || padding + 2 > length) return base::fail(base::Errc::invalid, "bad packet padding");

  last_payload_ = packet.subspan(5, length - padding - 1);
  Packet out{last_payload_, sequence_};
  head_ += wanted_;
  bytes_since_keys_ += wanted_;
  wanted_ = 0;
  ++packets_since_keys_;
  ++sequence_;
  return out;
}

void PacketReader::set_cipher(std::unique_ptr<PacketCipher> cipher, SequenceNumbers numbers) {
  cipher_ = std::move(cipher);
  bytes_since_keys_ = 0;
  packets_since_keys_ = 0;
  if (numbers == SequenceNumbers::reset) sequence_ = 0;
}

}  // namespace sallyport::codec::ssh
