// SPDX-License-Identifier: Apache-2.0
// What the workers of a front and a back have in common: the loop, the link to the broker, the peer's connection, the
// relay, and how all of it ends. Untrusted side; one of these is the whole process.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "ipc/event_parts.h"
#include "leg/link.h"
#include "leg/loop.h"
#include "leg/ssh/bulk_path.h"
#include "leg/ssh/peer.h"
#include "leg/ssh/relay.h"
#include "leg/ssh/rest.h"
#include "leg/zygote.h"

namespace sallyport::ipc {
class BulkStart;
}

namespace sallyport::leg::ssh {

enum class Ending : bool {
  broken,
  clean,  ///< the peer ended it in the protocol's own way
};

class Worker : public PeerHandler, public RelayRole {
 public:
  /// All must outlive the worker.
  Worker(Side side, WorkerSockets sockets, const base::Clock& clock, base::Random& random);
  ~Worker() override;

  /// Until the session's leg ends; returns the exit status.
  int run();

 protected:
  // For the role.
  /// A control message of the broker. Errors: it makes no sense; the worker ends.
  virtual base::Status on_control(base::ByteView message, std::span<base::Fd> fds) = 0;
  /// Sends Ended: the last message.
  virtual void tell_ended(const std::string& reason, Ending how) = 0;
  /// Before the relay exists: a payload of services and authentication.
  virtual base::Status before_live(base::ByteView payload) = 0;
  virtual base::Status demand(codec::ssh::EventKind kind) = 0;
  virtual std::unique_ptr<BulkPath> make_bulk_path() = 0;
  /// True: take nothing from the peer now, for the role's own reasons.
  virtual bool role_holds_peer() const = 0;
  /// True: what the peer says now may be an answer that somebody waits for, so it is read a little longer.
  virtual bool role_awaits_peer() const { return false; }
  /// Moves what the role has to move; before every wait.
  virtual base::Status role_pump() = 0;

  /// Starts the connection; the peer is read from now on.
  void open_transport(codec::ssh::TransportConfig config, std::uint32_t rekey_seconds);
  /// Authentication is complete: channels from here on.
  void go_live(std::uint32_t max_channels);
  bool live() const { return relay_ != nullptr; }
  base::Status start_bulk(const ipc::BulkStart& start, std::span<base::Fd> fds);
  /// Lets what is queued out (for half a second at most), tells the broker, and stops.
  void finish(std::string reason, Ending how);
  bool finishing() const { return finishing_; }
  /// The target is gone, and what it said last is still on its way to the user: nothing else matters any more.
  bool draining() const { return draining_; }
  /// DISCONNECT with a reason, then finish().
  void disconnect(codec::ssh::DisconnectReason reason, std::string_view text, std::string why, Ending how);

  Loop& loop() { return loop_; }
  BrokerPort& port() { return port_; }
  Peer& peer() { return *peer_; }
  Relay& relay() const { return *relay_; }
  codec::ssh::Transport& transport() { return *transport_; }
  const codec::ssh::Transport& transport() const { return *transport_; }
  bool has_transport() const { return transport_ != nullptr; }
  BulkPath* bulk() { return bulk_.get(); }
  const base::Clock& clock() const { return clock_; }
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
  void on_message(base::ByteView message, std::span<base::Fd> fds);
  base::Status on_event(ipc::MessageKind kind, base::ByteView part);
  Loop::Before before_wait();
  base::Status move();
  bool rests();
  void stop_when_told();
  void drain();
  void wait_for_drain();
  void rekey_after(std::uint32_t seconds);
  bool heard_peer_since_last_asked();
  void look_for_idleness();

  const Side side_;
  const base::Clock& clock_;
  base::Random& random_;
  const int peer_fd_;
  Loop loop_;
  Link link_;
  BrokerPort port_;
  ipc::EventJoiner joiner_;
  std::unique_ptr<codec::ssh::Transport> transport_;
  std::unique_ptr<Peer> peer_;
  std::unique_ptr<codec::ssh::Connection> connection_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<BulkPath> bulk_;
  Rest rest_;
  bool link_paused_ = false;
  base::Micros rest_us_ = 500;
  std::uint64_t moved_before_ = 0;  // wire bytes of both directions up to the last rest
  std::string reason_;
  Ending how_ = Ending::broken;
  bool finishing_ = false;
  Expectation echo_;  // of keys that the target echoes
  bool draining_ = false;
  std::uint64_t left_to_drain_ = 0;
  Loop::TimerId drain_timer_ = 0;
  bool told_ = false;
  std::uint64_t heard_bytes_ = 0;  // the peer's, when last asked
  unsigned unanswered_ = 0;        // keepalives
  std::optional<PeerEnd> peer_end_;
  bool idle_timer_ = false;
  bool active_ = false;
};

}  // namespace sallyport::leg::ssh
