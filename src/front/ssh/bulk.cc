// SPDX-License-Identifier: Apache-2.0
// Upward several packets fill one record, which is published when the wake-up is over: one doorbell for many packets.
// Downward a record's bytes are encrypted from the ring straight into the transport's output. A hostile back could
// change them meanwhile, and so what arrives: it decides that anyway. What is authenticated is the output.
#include "front/ssh/bulk.h"

#include <poll.h>

#include <algorithm>
#include <cstring>

namespace sallyport::front::ssh {

namespace {

using leg::StreamId;
using leg::ssh::BulkIn;
using leg::ssh::RelayChannel;

constexpr std::size_t kMaxRecord = 256 * 1024;
constexpr std::size_t kFlushAtBytes = 256 * 1024;
// So long a full ring stops the reading of the client; after it, what comes is kept (within the channels' windows), so
// that a paused session still answers keepalives.
constexpr base::Micros kPatienceUs = 250'000;

}  // namespace

Bulk::~Bulk() {
  if (ring_) loop_.unwatch(bell_);
}

base::Status Bulk::attach(std::span<base::Fd> fds) {
  if (ring_) return base::fail(base::Errc::corrupt, "a second ring");
  auto ring = leg::Ring::attach(leg::RingSide::front, fds);
  if (!ring) return base::pass(ring);
  ring_ = std::move(*ring);
  bell_ = loop_.watch(ring_->bell(), POLLIN, [this](short) { ring_->silence(); });
  return {};
}

void Bulk::data(RelayChannel& channel, StreamId stream, base::ByteView data) {
  if (!ring_ || writer_failed_) return;
  if (spilled_head_ == spilled_.size()) data = data.subspan(write(channel.number, stream, data));
  if (!data.empty()) spill(channel.number, stream, data);
}

// Returns how much found room.
std::size_t Bulk::write(std::uint32_t channel, StreamId stream, base::ByteView data) {
  std::size_t done = 0;
  while (done < data.size()) {
    if (open_used_ > 0 && (open_channel_ != channel || open_stream_ != stream || open_used_ == open_.size())) commit();
    if (open_used_ == 0) {
      auto room = ring_->writer().reserve(kMaxRecord);
      if (!room) {
        writer_failed_ = true;  // pump() reports it
        return data.size();
      }
      if (room->size() == 0) break;
      open_ = *room;
      open_channel_ = channel;
      open_stream_ = stream;
    }
    const bool first = open_used_ < open_.first.size();
    const auto room = first ? open_.first.subspan(open_used_) : open_.second.subspan(open_used_ - open_.first.size());
    const std::size_t n = std::min(room.size(), data.size() - done);
    std::memcpy(room.data(), data.data() + done, n);
    open_used_ += n;
    done += n;
  }
  return done;
}

void Bulk::commit() {
  if (open_used_ == 0) return;
  ring_->writer().commit(open_channel_, static_cast<std::uint8_t>(open_stream_), open_used_);
  open_used_ = 0;
}

void Bulk::spill(std::uint32_t channel, StreamId stream, base::ByteView data) {
  if (spilled_head_ == spilled_.size()) {
    spilled_since_ = clock_.monotonic_us();
    loop_.after(kPatienceUs, [] {});  // wakes the loop: the peer may be read again
  }
  spilled_.push_back({channel, stream, base::to_bytes(data), 0});
}

void Bulk::drain_spill() {
  while (spilled_head_ < spilled_.size()) {
    Spilled& s = spilled_[spilled_head_];
    s.done += write(s.channel, s.stream, base::ByteView(s.bytes).subspan(s.done));
    if (s.done < s.bytes.size()) return;
    base::Bytes().swap(s.bytes);
    ++spilled_head_;
  }
  spilled_.clear();
  spilled_head_ = 0;
}

bool Bulk::holds_peer() const {
  return spilled_head_ < spilled_.size() && clock_.monotonic_us() - spilled_since_ < kPatienceUs;
}

base::Status Bulk::pump(leg::ssh::Peer& peer) {
  if (!ring_) return {};
  const bool held = holds_peer();
  drain_spill();
  if (held && !holds_peer()) peer.wake();
  commit();
  if (writer_failed_) return base::fail(base::Errc::corrupt, "the ring's index is impossible");
  return read_ring(peer);
}

base::Status Bulk::read_ring(leg::ssh::Peer& peer) {
  reader_dry_ = false;
  for (;;) {
    if (relay_.transport().out_view().size() >= kFlushAtBytes) peer.flush();
    auto record = ring_->reader().next();
    if (!record) return base::pass(record);
    if (!*record) break;
    auto moved = read_record(**record);
    if (!moved) return base::pass(moved);
    if (!*moved) return {};
  }
  reader_dry_ = true;
  return {};
}

// False: nothing more can be taken now.
base::Result<bool> Bulk::read_record(const leg::RingRecord& record) {
  if (record.stream >= leg::kStreams) return base::fail(base::Errc::corrupt, "unknown stream in the ring");
  const auto stream = static_cast<StreamId>(record.stream);
  RelayChannel* channel = relay_.find(record.channel);
  if (channel == nullptr) {
    discard(record);
    return true;
  }
  // The event that begins the stream may still be on its way.
  if (channel->out.bulk[index(stream)] != BulkIn::begun) return false;
  if (!channel->out.queue.empty() || leg::ssh::Relay::discards(*channel)) return read_into_queue(*channel, record);
  auto& connection = relay_.connection();
  const auto kind = stream == StreamId::main ? codec::ssh::ChannelStream::main : codec::ssh::ChannelStream::stderr_data;
  const auto room = connection.begin_data(channel->id, kind, record.remaining);
  if (room.empty()) {
    if (!relay_.transport().can_begin_payload()) return false;  // output is full, or keys are being exchanged
    return read_into_queue(*channel, record);
  }
  const auto data = ring_->reader().peek(room.size());
  if (auto s = relay_.received(*channel, stream, data.size()); !s) {
    (void)connection.end_data(std::size_t{0});
    return base::pass(s);
  }
  if (auto s = connection.end_data(data); !s) return base::pass(s);
  ring_->reader().pass(data.size());
  relay_.touch();
  return true;
}

// The channel's window is shut, though it was granted: a notice of ours took some of it.
base::Result<bool> Bulk::read_into_queue(RelayChannel& channel, const leg::RingRecord& record) {
  scratch_.resize(std::min<std::size_t>(record.remaining, leg::ssh::kMaxPacket));
  if (auto s = relay_.received(channel, static_cast<StreamId>(record.stream), scratch_.size()); !s)
    return base::pass(s);
  ring_->reader().read(scratch_);
  if (auto s = relay_.deliver(channel, static_cast<StreamId>(record.stream), scratch_); !s) return base::pass(s);
  return true;
}

void Bulk::discard(const leg::RingRecord& record) {
  scratch_.resize(std::min<std::size_t>(record.remaining, leg::ssh::kMaxPacket));
  ring_->reader().read(scratch_);
}

base::Result<leg::Loop::Before> Bulk::arm() {
  using Before = leg::Loop::Before;
  if (!ring_) return Before::sleep;
  if (spilled_head_ < spilled_.size()) {
    auto sleep = ring_->writer().arm_wake_up();
    if (!sleep) return base::pass(sleep);
    if (!*sleep) return Before::poll_at_once;
  }
  if (reader_dry_) {
    auto sleep = ring_->reader().arm_wake_up();
    if (!sleep) return base::pass(sleep);
    if (!*sleep) return Before::poll_at_once;
  }
  return Before::sleep;
}

void Bulk::give_back_buffers() {
  base::Bytes().swap(scratch_);
}

}  // namespace sallyport::front::ssh
