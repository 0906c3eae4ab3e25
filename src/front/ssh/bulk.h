// SPDX-License-Identifier: Apache-2.0
// The front's side of the ring: writes what its client sends, reads what goes to its client. It only counts; the back
// hashes. Untrusted side; it distrusts the ring as much as the network.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "leg/ring.h"
#include "leg/ssh/bulk_path.h"
#include "leg/ssh/relay.h"

namespace sallyport::front::ssh {

class Bulk final : public leg::ssh::BulkPath {
 public:
  /// All must outlive it.
  Bulk(leg::Loop& loop, const base::Clock& clock, leg::ssh::Relay& relay) : loop_(loop), clock_(clock), relay_(relay) {}
  ~Bulk() override;

  base::Status attach(std::span<base::Fd> fds) override;
  void data(leg::ssh::RelayChannel& channel, leg::StreamId stream, base::ByteView data) override;
  void before_end(leg::ssh::RelayChannel&) override {}
  void channel_gone(leg::ssh::RelayChannel&) override {}
  bool holds_peer() const override;
  base::Status pump(leg::ssh::Peer& peer) override;
  base::Result<leg::Loop::Before> arm() override;
  base::Result<std::uint64_t> drain() override { return 0; }
  /// True when the last pump() left nothing of the far leg in the ring.
  bool dry() const { return !ring_ || reader_dry_; }
  void give_back_buffers() override;

 private:
  std::size_t write(std::uint32_t channel, leg::StreamId stream, base::ByteView data);
  void commit();
  void spill(std::uint32_t channel, leg::StreamId stream, base::ByteView data);
  void drain_spill();
  base::Status read_ring(leg::ssh::Peer& peer);
  base::Result<bool> read_record(const leg::RingRecord& record);
  base::Result<bool> read_into_queue(leg::ssh::RelayChannel& channel, const leg::RingRecord& record);
  void discard(const leg::RingRecord& record);

  leg::Loop& loop_;
  const base::Clock& clock_;
  leg::ssh::Relay& relay_;
  std::unique_ptr<leg::Ring> ring_;
  leg::Loop::WatchId bell_ = 0;

  // The record being filled, not yet published.
  leg::RingSpans open_;
  std::size_t open_used_ = 0;
  std::uint32_t open_channel_ = 0;
  leg::StreamId open_stream_ = leg::StreamId::main;

  // What found no room in the ring; bounded by the channels' windows.
  struct Spilled {
    std::uint32_t channel;
    leg::StreamId stream;
    base::Bytes bytes;
    std::size_t done = 0;
  };
  std::vector<Spilled> spilled_;
  std::size_t spilled_head_ = 0;
  base::Micros spilled_since_ = 0;
  bool writer_failed_ = false;
  bool reader_dry_ = true;
  base::Bytes scratch_;
};

}  // namespace sallyport::front::ssh
