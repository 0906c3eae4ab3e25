// SPDX-License-Identifier: Apache-2.0
// What the workers of an SSH front and an SSH back have in common beyond the life of a worker: the peer's transport,
// the relay and bulk. Untrusted side; one of these is the whole process.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "leg/rest.h"
#include "leg/ssh/bulk_path.h"
#include "leg/ssh/peer.h"
#include "leg/ssh/relay.h"
#include "leg/worker_life.h"

namespace sallyport::ipc {
class BulkStart;
}

namespace sallyport::leg::ssh {

class Worker : public WorkerLife, public PeerHandler, public RelayRole {
 public:
  /// All must outlive the worker.
  Worker(Side side, WorkerSockets sockets, const base::Clock& clock, base::Random& random);
  ~Worker() override;

 protected:
  // For the role, beside what WorkerLife asks for.
  /// Before the relay exists: a payload of services and authentication.
  virtual base::Status before_live(base::ByteView payload) = 0;
  virtual base::Status demand(codec::ssh::EventKind kind) = 0;
  virtual std::unique_ptr<BulkPath> make_bulk_path() = 0;
  /// True: take nothing from the peer now, for the role's own reasons.
  virtual bool role_holds_peer() const { return false; }
  /// True: what the peer says now may be an answer that somebody waits for, so it is read a little longer.
  virtual bool role_awaits_peer() const { return false; }
  /// Moves what the role has to move; before every wait.
  virtual base::Status role_pump() { return {}; }

  /// Starts the connection; the peer is read from now on.
  void open_transport(codec::ssh::TransportConfig config, std::uint32_t rekey_seconds);
  /// Authentication is complete: channels from here on.
  void go_live(std::uint32_t max_channels);
  bool live() const { return relay_ != nullptr; }
  base::Status start_bulk(const ipc::BulkStart& start, std::span<base::Fd> fds);
  /// DISCONNECT with a reason, then finish().
  void disconnect(codec::ssh::DisconnectReason reason, std::string_view text, std::string why, Ending how);

  Peer& peer() { return *peer_; }
  Relay& relay() const { return *relay_; }
  codec::ssh::Transport& transport() { return *transport_; }
  const codec::ssh::Transport& transport() const { return *transport_; }
  bool has_transport() const { return transport_ != nullptr; }
  BulkPath* bulk() { return bulk_.get(); }
  /// Asks the peer for a sign of life after so much silence, and ends the leg when it leaves `patience` questions
  /// unanswered, at least one. Live only, once.
  void watch_peer(std::uint32_t seconds, unsigned patience, std::string silence);
  /// How the peer's connection ended; nothing while it stands, or when this end gave it up.
  std::optional<PeerEnd> peer_end() const { return peer_end_; }

  // PeerHandler
  base::Status peer_message(base::ByteView payload) override;
  base::Status peer_event(codec::ssh::EventKind kind) override;
  void peer_ended(PeerEnd end, std::string_view text) override;
  bool peer_held() override;

  // RelayRole
  void request_not_carried(RelayChannel&, std::string_view) override {}
  void bulk_data(RelayChannel& channel, StreamId stream, base::ByteView data) override;
  void bulk_before_end(RelayChannel& channel) override;

 private:
  // WorkerLife
  bool takes_events() const final { return live(); }
  base::Status on_event(base::ByteView event) final { return relay_->far_event(event); }
  base::Status move() final;
  void made_room() final;
  Loop::Before arm() final;
  base::Result<std::uint64_t> left_to_drain() final;
  void say_broken() final;
  bool lingers_for_echo() const final { return side_ == Side::back && !bulk_; }
  void give_back_buffers() final;

  bool rests();
  void rekey_after(std::uint32_t seconds);
  bool heard_peer_since_last_asked();

  const Side side_;
  base::Random& random_;
  const int peer_fd_;
  std::unique_ptr<codec::ssh::Transport> transport_;
  std::unique_ptr<Peer> peer_;
  std::unique_ptr<codec::ssh::Connection> connection_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<BulkPath> bulk_;
  Rest rest_;
  bool link_paused_ = false;
  base::Micros rest_us_ = 500;
  std::uint64_t moved_before_ = 0;  // wire bytes of both directions up to the last rest
  std::uint64_t heard_bytes_ = 0;   // the peer's, when last asked
  unsigned unanswered_ = 0;         // keepalives
  std::optional<PeerEnd> peer_end_;
};

}  // namespace sallyport::leg::ssh
