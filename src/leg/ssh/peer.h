// SPDX-License-Identifier: Apache-2.0
// The peer's socket and the SSH transport over it: reads, decodes, encrypts, writes. Untrusted side; it parses only its
// own peer and never blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "codec/ssh/transport.h"
#include "leg/loop.h"
#include "leg/peer_port.h"

namespace sallyport::leg::ssh {

/// How the peer's connection ended.
enum class PeerEnd {
  disconnected,  ///< it sent DISCONNECT
  closed,        ///< it closed its socket
  lost,          ///< the socket failed
  breach,        ///< it broke the protocol, or nothing could be agreed; a DISCONNECT is queued
};

class PeerHandler {
 public:
  virtual ~PeerHandler() = default;
  /// A payload of the layers above the transport; valid during the call.
  virtual base::Status peer_message(base::ByteView payload) = 0;
  /// Demands and keys_changed. An error ends the connection as a breach.
  virtual base::Status peer_event(codec::ssh::EventKind kind) = 0;
  /// Once; text is foreign (escape before showing). Nothing is read afterwards.
  virtual void peer_ended(PeerEnd end, std::string_view text) = 0;
  /// True: take nothing from the peer now.
  virtual bool peer_held() = 0;
};

class Peer final : public PeerPort {
 public:
  /// fd is not owned. All must outlive the peer.
  Peer(Loop& loop, int fd, codec::ssh::Transport& transport, PeerHandler& handler);
  ~Peer() override;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Takes what was read but not handled while the peer was held. To be called before every wait.
  void resume();
  /// A demand was answered, or the peer is held no longer: resume() has work.
  void wake() override { stalled_ = true; }
  void flush() override;
  bool take_room() override { return std::exchange(made_room_, false); }
  enum class Watch : bool { nothing, everything };
  /// Tells the loop what to wait for (nothing: not now); the last step before every wait. poll_at_once: there is more
  /// to take already.
  Loop::Before arm(Watch watch);
  void stop_reading() override { reading_ = false; }
  bool reading() const { return reading_; }
  bool drained() const override;
  bool take_activity() override;

 private:
  void ready(short revents);
  void hung_up();
  void write_failed(int error);
  enum class Read { nothing, some, all_there_was_room_for };
  Read read_some();
  void process();
  void end(PeerEnd how, std::string_view text);

  Loop& loop_;
  int fd_;
  codec::ssh::Transport& transport_;
  PeerHandler& handler_;
  std::optional<Loop::WatchId> watch_;  // none once the socket hung up: it would be reported for ever
  bool reading_ = true;
  bool writing_ = true;   // false once the socket takes no more
  int write_error_ = 0;   // why, when writing showed it
  bool stalled_ = false;  // process() stopped before the transport ran dry
  bool choked_ = false;   // the transport pauses until output drains
  bool made_room_ = false;
  bool active_ = false;
  bool ended_ = false;
};

}  // namespace sallyport::leg::ssh
