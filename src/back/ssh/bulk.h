// SPDX-License-Identifier: Apache-2.0
// The back's side of the ring: whatever passes, in either direction, is first copied to private memory, counted, hashed
// and told to the broker as a block, and goes on only when the broker has it in the record. Untrusted side; it
// distrusts the ring as much as the network.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "back/ssh/stream_hash.h"
#include "leg/rest.h"
#include "leg/ring.h"
#include "leg/ssh/bulk_path.h"
#include "leg/ssh/relay.h"

namespace sallyport::back::ssh {

enum class BulkHash : bool { off, on };

class Bulk final : public leg::ssh::BulkPath {
 public:
  /// All must outlive it.
  Bulk(leg::Loop& loop, const base::Clock& clock, leg::ssh::Relay& relay, leg::BrokerPort& port, BulkHash hash)
      : loop_(loop), clock_(clock), relay_(relay), port_(port), hash_(hash), gather_(loop, clock) {}
  ~Bulk() override;

  base::Status attach(std::span<base::Fd> fds) override;
  void data(leg::ssh::RelayChannel& channel, leg::StreamId stream, base::ByteView data) override;
  void before_end(leg::ssh::RelayChannel& channel) override;
  void channel_gone(leg::ssh::RelayChannel& channel) override;
  bool holds_peer() const override { return false; }  // the windows that the front granted bound it
  base::Status pump(leg::ssh::Peer& peer) override;
  base::Result<leg::Loop::Before> arm() override;
  base::Result<std::uint64_t> drain() override;
  void give_back_buffers() override;

  /// The broker has these blocks in the record.
  base::Status recorded(std::uint64_t up_to);

 private:
  enum class Way : std::uint8_t { up, down };
  using Buffer = std::unique_ptr<std::uint8_t[]>;

  /// Whether a flow's open block goes to the record.
  enum class Ripeness : std::uint8_t {
    nothing,  ///< it is empty
    ripe,
    with_time,       ///< a moment more, and it is
    when_others_go,  ///< when blocks before it have been recorded or passed on
  };

  struct Flow;
  struct Block {
    Flow* flow = nullptr;
    std::uint64_t number = 0;
    Buffer bytes;
    std::size_t size = 0;
    std::size_t done = 0;  // passed on
  };
  /// One stream of a channel in one direction.
  struct Flow {
    std::uint32_t channel = 0;
    leg::StreamId stream = leg::StreamId::main;
    Way way = Way::up;
    std::uint64_t offset = 0;  // where the open block starts
    std::unique_ptr<StreamHash> hash;
    Block open;
    base::Micros opened_us = 0;      // when its first byte came
    base::Micros fast_until_us = 0;  // a large block went just now: the next is worth waiting for
    std::deque<Block> ready;         // up: recorded, waits for the target's window
    bool gone = false;
    std::size_t blocks = 0;  // in flight or ready
  };

  Flow& flow(std::uint32_t channel, leg::StreamId stream, Way way, std::uint64_t offset);
  std::span<std::uint8_t> room(Flow& flow);
  void filled(Flow& flow, std::size_t n);
  void seal(Flow& flow);
  void seal_what_may();
  Ripeness ripeness(const Flow& flow) const;
  base::Status read_ring();
  base::Result<bool> read_record(const leg::RingRecord& record);
  void discard(const leg::RingRecord& record);
  base::Status send_up(leg::ssh::Peer& peer);
  base::Status send_ready(Flow& flow, leg::ssh::Peer& peer);
  base::Status send_down();
  void release(Block& block);
  void sweep();

  leg::Loop& loop_;
  const base::Clock& clock_;
  leg::ssh::Relay& relay_;
  leg::BrokerPort& port_;
  const BulkHash hash_;
  std::unique_ptr<leg::Ring> ring_;
  leg::Loop::WatchId bell_ = 0;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::deque<Block> in_flight_;   // told, not yet recorded; numbers ascend
  std::deque<Block> ready_down_;  // recorded, wait for room in the ring
  std::vector<Buffer> free_;
  std::uint64_t last_number_ = 0;
  bool reader_dry_ = true;
  leg::Rest gather_;  // wakes the loop when a block has been open for long enough
  base::Bytes scratch_;
};

}  // namespace sallyport::back::ssh
