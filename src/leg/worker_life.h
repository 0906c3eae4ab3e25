// SPDX-License-Identifier: Apache-2.0
// The life of a worker, whatever its protocol: the loop, the link to the broker, and how all of it ends. Untrusted
// side; one of these is the whole process.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "ipc/event_parts.h"
#include "ipc/message_kind.h"
#include "leg/broker_port.h"
#include "leg/expectation.h"
#include "leg/link.h"
#include "leg/loop.h"
#include "leg/peer_port.h"
#include "leg/zygote.h"

namespace sallyport::leg {

enum class Ending : bool {
  broken,
  clean,  ///< the peer ended it in the protocol's own way
};

class WorkerLife {
 public:
  virtual ~WorkerLife() = default;
  WorkerLife(const WorkerLife&) = delete;
  WorkerLife& operator=(const WorkerLife&) = delete;

  /// Until the session's leg ends; returns the exit status.
  int run() { return loop_.run(); }

 protected:
  /// The clock must outlive the worker.
  WorkerLife(WorkerSockets sockets, const base::Clock& clock);

  // For the protocol.
  /// A control message of the broker. Errors: it makes no sense; the worker ends.
  virtual base::Status on_control(base::ByteView message, std::span<base::Fd> fds) = 0;
  /// False: an event of the broker's would be out of phase, and ends the worker.
  virtual bool takes_events() const = 0;
  /// A whole event, for the peer. Errors as of on_control().
  virtual base::Status on_event(base::ByteView event) = 0;
  /// Moves what there is to move; before every wait, several times while the peer takes it. Errors end the worker.
  virtual base::Status move() = 0;
  /// Called when the peer has taken some: there is room for more.
  virtual void made_room() {}
  /// Tells the loop what to wait for; the last step before a wait.
  virtual Loop::Before arm() = 0;
  /// The peer is gone: moves on what came from it, instead of move(). What is left, in any unit. Errors end the worker.
  virtual base::Result<std::uint64_t> left_to_drain() { return 0; }
  /// The worker's own failure or the broker's: what the protocol lets us say to the peer.
  virtual void say_broken() = 0;
  /// Sends Ended: the last message.
  virtual void tell_ended(const std::string& reason, Ending how) = 0;
  /// True: the peer answers a key at once as a rule, so the loop stays awake for the answer.
  virtual bool lingers_for_echo() const { return false; }
  /// The worker has been idle for a while.
  virtual void give_back_buffers() {}

  /// The connection to the peer exists from now on. It must outlive the last wait.
  void attach(PeerPort& peer) { peer_ = &peer; }
  /// Lets what is queued out (for half a second at most), tells the broker, and stops.
  void finish(std::string reason, Ending how);
  bool finishing() const { return finishing_; }
  /// say_broken(), then finish().
  void break_off(std::string reason);
  /// The peer is gone; what it said last goes on to the broker, as long as that gets anywhere. Then finish().
  void drain(std::string reason, Ending how);
  bool draining() const { return draining_; }
  enum class Awaited : bool { no, yes };
  /// True: the broker takes no more of the peer's for now, or there is nobody who would. Awaited: what the peer says
  /// may be an answer that the broker waits for, so it is read a little longer.
  bool holds_peer(Awaited awaited) const;

  Loop& loop() { return loop_; }
  Link& link() { return link_; }
  BrokerPort& port() { return port_; }
  const BrokerPort& port() const { return port_; }
  const base::Clock& clock() const { return clock_; }

 private:
  void on_message(base::ByteView message, std::span<base::Fd> fds);
  base::Status take_event(ipc::MessageKind kind, base::ByteView part);
  Loop::Before before_wait();
  Loop::Before move_in_rounds();
  void drain_some();
  void wait_for_drain();
  void stop_when_told();
  void look_for_idleness();

  const base::Clock& clock_;
  Loop loop_;
  Link link_;
  BrokerPort port_;
  ipc::EventJoiner joiner_;
  PeerPort* peer_ = nullptr;
  std::string reason_;
  Ending how_ = Ending::broken;
  bool finishing_ = false;
  Expectation echo_;  // of keys that the peer echoes
  bool draining_ = false;
  std::uint64_t left_to_drain_ = 0;
  Loop::TimerId drain_timer_ = 0;
  bool told_ = false;
  bool idle_timer_ = false;
  bool active_ = false;
};

}  // namespace sallyport::leg
