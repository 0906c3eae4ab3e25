// SPDX-License-Identifier: Apache-2.0
// A block is told when it is full, when its stream ends, or, while nothing else is on its way to the record or waits to
// be passed on, at once: so a slow stream is not held up, and a fast one makes few and large blocks. Each holds a
// buffer of its own, so how many are not full is bounded.
#include "back/ssh/bulk.h"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include "event/event.pb.h"

namespace sallyport::back::ssh {

namespace {

using leg::StreamId;
using leg::ssh::BulkIn;
using leg::ssh::RelayChannel;

constexpr std::size_t kBlockBytes = 1024 * 1024;
constexpr std::size_t kFlushAtBytes = 256 * 1024;
constexpr std::size_t kFreeBuffers = 4;
// A block of this size is part of a fast stream: it may gather more for a moment.
constexpr std::size_t kFastBytes = 64 * 1024;
constexpr std::size_t kUnfilledBlocks = 4;  // of a flow
constexpr base::Micros kGatherUs = 1000;
constexpr base::Micros kFastUs = 5000;

codec::ssh::ChannelStream to_codec(StreamId s) {
  return s == StreamId::main ? codec::ssh::ChannelStream::main : codec::ssh::ChannelStream::stderr_data;
}

}  // namespace

Bulk::~Bulk() {
  if (ring_) loop_.unwatch(bell_);
}

base::Status Bulk::attach(std::span<base::Fd> fds) {
  if (ring_) return base::fail(base::Errc::corrupt, "a second ring");
  auto ring = leg::Ring::attach(leg::RingSide::back, fds);
  if (!ring) return base::pass(ring);
  ring_ = std::move(*ring);
  bell_ = loop_.watch(ring_->bell(), POLLIN, [this](short) { ring_->silence(); });
  return {};
}

Bulk::Flow& Bulk::flow(std::uint32_t channel, StreamId stream, Way way, std::uint64_t offset) {
  for (auto& f : flows_) {
    if (f->channel == channel && f->stream == stream && f->way == way && !f->gone) return *f;
  }
  auto made = std::make_unique<Flow>();
  made->channel = channel;
  made->stream = stream;
  made->way = way;
  made->offset = offset;
  if (hash_ == BulkHash::on) made->hash = std::make_unique<StreamHash>();
  flows_.push_back(std::move(made));
  return *flows_.back();
}

// Where the open block goes on; never empty.
std::span<std::uint8_t> Bulk::room(Flow& flow) {
  if (!flow.open.bytes) {
    if (free_.empty()) {
      flow.open.bytes = std::make_unique_for_overwrite<std::uint8_t[]>(kBlockBytes);
    } else {
      flow.open.bytes = std::move(free_.back());
      free_.pop_back();
    }
    flow.open.size = 0;
    flow.opened_us = clock_.monotonic_us();
  }
  return {flow.open.bytes.get() + flow.open.size, kBlockBytes - flow.open.size};
}

void Bulk::filled(Flow& flow, std::size_t n) {
  if (flow.hash) flow.hash->update({flow.open.bytes.get() + flow.open.size, n});
  flow.open.size += n;
  if (flow.open.size == kBlockBytes) seal(flow);
}

void Bulk::seal(Flow& flow) {
  if (flow.open.size == 0) return;
  Block block = std::move(flow.open);
  flow.open = Block{};
  block.flow = &flow;
  block.number = ++last_number_;
  event::Event event;
  auto* told = event.mutable_stream_block();
  told->set_channel(flow.channel);
  told->set_stream(static_cast<event::Stream>(flow.stream));
  told->set_up(flow.way == Way::up);
  told->set_offset(flow.offset);
  told->set_bytes(block.size);
  if (flow.hash) told->set_sha256(flow.hash->so_far());
  told->set_number(block.number);
  port_.send_event(event);
  flow.offset += block.size;
  if (block.size >= kFastBytes) flow.fast_until_us = clock_.monotonic_us() + kFastUs;
  ++flow.blocks;
  in_flight_.push_back(std::move(block));
}

void Bulk::data(RelayChannel& channel, StreamId stream, base::ByteView data) {
  Flow& f = flow(channel.number, stream, Way::down, channel.in.total[index(stream)] - data.size());
  while (!data.empty()) {
    const auto space = room(f);
    const std::size_t n = std::min(space.size(), data.size());
    std::memcpy(space.data(), data.data(), n);
    data = data.subspan(n);
    filled(f, n);
  }
}

void Bulk::before_end(RelayChannel& channel) {
  for (auto& f : flows_) {
    if (f->channel == channel.number && f->way == Way::down && !f->gone) seal(*f);
  }
}

void Bulk::channel_gone(RelayChannel& channel) {
  for (auto& f : flows_) {
    if (f->channel != channel.number) continue;
    f->gone = true;
    f->open = Block{};  // downward it was told before the end, upward nobody takes it any more
  }
}

base::Status Bulk::recorded(std::uint64_t up_to) {
  if (up_to > last_number_) return base::fail(base::Errc::corrupt, "a block is recorded that was never told");
  while (!in_flight_.empty() && in_flight_.front().number <= up_to) {
    Block block = std::move(in_flight_.front());
    in_flight_.pop_front();
    if (block.flow->way == Way::down) {
      ready_down_.push_back(std::move(block));
    } else {
      Flow& f = *block.flow;
      f.ready.push_back(std::move(block));
    }
  }
  return {};
}

base::Status Bulk::pump(leg::ssh::Peer& peer) {
  if (!ring_) return {};
  if (auto s = read_ring(); !s) return s;
  if (auto s = send_up(peer); !s) return s;
  if (auto s = send_down(); !s) return s;
  // Last: what has just been passed on no longer keeps the next from going.
  seal_what_may();
  sweep();
  return {};
}

base::Status Bulk::read_ring() {
  reader_dry_ = false;
  for (;;) {
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

// False: it may not be taken yet.
base::Result<bool> Bulk::read_record(const leg::RingRecord& record) {
  if (record.stream >= leg::kStreams) return base::fail(base::Errc::corrupt, "unknown stream in the ring");
  const auto stream = static_cast<StreamId>(record.stream);
  RelayChannel* channel = relay_.find(record.channel);
  if (channel == nullptr) {
    discard(record);
    return true;
  }
  // Only what the broker began: its event may still be on its way.
  if (channel->out.bulk[index(stream)] != BulkIn::begun) return false;
  if (leg::ssh::Relay::discards(*channel)) {
    if (auto s = relay_.received(*channel, stream, record.remaining); !s) return base::pass(s);
    relay_.touch();
    discard(record);
    return true;
  }
  Flow& f = flow(record.channel, stream, Way::up, channel->out.total[index(stream)]);
  const auto space = room(f);
  const std::size_t n = std::min(space.size(), record.remaining);
  if (auto s = relay_.received(*channel, stream, n); !s) return base::pass(s);
  ring_->reader().read(space.first(n));
  channel->out.staged += n;
  filled(f, n);
  return true;
}

void Bulk::discard(const leg::RingRecord& record) {
  scratch_.resize(std::min<std::size_t>(record.remaining, kBlockBytes));
  for (std::size_t left = record.remaining; left > 0;) {
    const std::size_t n = std::min(left, scratch_.size());
    ring_->reader().read(std::span(scratch_).first(n));
    left -= n;
  }
}

void Bulk::seal_what_may() {
  for (auto& f : flows_) {
    if (ripeness(*f) == Ripeness::ripe) seal(*f);
  }
}

Bulk::Ripeness Bulk::ripeness(const Flow& flow) const {
  if (flow.open.size == 0) return Ripeness::nothing;
  if (flow.way == Way::up) {
    const RelayChannel* channel = relay_.find(flow.channel);
    if (channel != nullptr && (channel->out.eof || channel->out.close)) return Ripeness::ripe;
  }
  const base::Micros now = clock_.monotonic_us();
  if (flow.open.size < kFastBytes && now > flow.fast_until_us) {
    return in_flight_.empty() && flow.blocks == 0 ? Ripeness::ripe : Ripeness::when_others_go;
  }
  if (flow.blocks >= kUnfilledBlocks) return Ripeness::when_others_go;
  return now >= flow.opened_us + kGatherUs ? Ripeness::ripe : Ripeness::with_time;
}

base::Status Bulk::send_up(leg::ssh::Peer& peer) {
  for (auto& f : flows_) {
    if (f->ready.empty()) continue;
    if (auto s = send_ready(*f, peer); !s) return s;
  }
  return {};
}

base::Status Bulk::send_ready(Flow& flow, leg::ssh::Peer& peer) {
  RelayChannel* channel = relay_.find(flow.channel);
  while (!flow.ready.empty()) {
    Block& block = flow.ready.front();
    const base::ByteView left{block.bytes.get() + block.done, block.size - block.done};
    std::size_t n = left.size();
    if (channel != nullptr && !leg::ssh::Relay::discards(*channel)) {
      if (!channel->out.queue.empty()) return {};  // what came before the bulk goes first
      const auto part = left.first(std::min(left.size(), kFlushAtBytes));
      auto sent = relay_.connection().send_data(channel->id, to_codec(flow.stream), part);
      if (!sent) return base::pass(sent);
      n = *sent;
      if (relay_.transport().out_view().size() >= kFlushAtBytes) peer.flush();
      if (n == 0) return {};
    }
    if (channel != nullptr) channel->out.staged -= std::min(n, channel->out.staged);
    relay_.touch();
    block.done += n;
    if (block.done < block.size) continue;
    release(block);
    flow.ready.pop_front();
  }
  return {};
}

base::Status Bulk::send_down() {
  while (!ready_down_.empty()) {
    Block& block = ready_down_.front();
    auto written = ring_->writer().write(block.flow->channel, static_cast<std::uint8_t>(block.flow->stream),
                                         {block.bytes.get() + block.done, block.size - block.done});
    if (!written) return base::pass(written);
    if (*written == 0) return {};
    block.done += *written;
    if (block.done < block.size) continue;
    release(block);
    ready_down_.pop_front();
  }
  return {};
}

void Bulk::release(Block& block) {
  --block.flow->blocks;
  if (free_.size() < kFreeBuffers) free_.push_back(std::move(block.bytes));
}

void Bulk::sweep() {
  std::erase_if(flows_, [](const auto& f) { return f->gone && f->blocks == 0; });
}

base::Result<leg::Loop::Before> Bulk::arm() {
  using Before = leg::Loop::Before;
  if (!ring_) return Before::sleep;
  for (const auto& f : flows_) {
    const Ripeness ripe = ripeness(*f);
    if (ripe == Ripeness::ripe) return Before::poll_at_once;
    if (ripe == Ripeness::with_time && gather_.over()) gather_.begin(kGatherUs);
  }
  if (!ready_down_.empty()) {
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

base::Result<std::uint64_t> Bulk::drain() {
  if (!ring_) return 0;
  for (auto& f : flows_) {
    if (f->way == Way::down) seal(*f);
  }
  for (bool full = false; !full;) {
    if (auto s = send_down(); !s) return base::pass(s);
    if (ready_down_.empty()) break;
    auto sleep = ring_->writer().arm_wake_up();
    if (!sleep) return base::pass(sleep);
    full = *sleep;
  }
  std::uint64_t left = 0;
  for (const auto& block : in_flight_) left += block.flow->way == Way::down ? block.size : 0;
  for (const auto& block : ready_down_) left += block.size - block.done;
  return left;
}

void Bulk::give_back_buffers() {
  free_.clear();
  base::Bytes().swap(scratch_);
}

}  // namespace sallyport::back::ssh
