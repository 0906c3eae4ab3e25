// SPDX-License-Identifier: Apache-2.0
// One Telnet back: a client to one target, an event source to the broker. Untrusted side. It gets one password for one
// answer to one prompt, and keeps nothing of it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "back/telnet/login.h"
#include "back/telnet/telnet_channel.h"
#include "codec/telnet/client.h"
#include "leg/byte_peer.h"
#include "leg/worker_life.h"

namespace sallyport::ipc {
class TelnetPassword;
class TelnetStart;
}  // namespace sallyport::ipc

namespace sallyport::back::telnet {

class TelnetWorker final : public leg::WorkerLife, public leg::BytePeerHandler {
 public:
  TelnetWorker(leg::WorkerSockets sockets, const base::Clock& clock);

 private:
  // WorkerLife
  base::Status on_control(base::ByteView message, std::span<base::Fd> fds) override;
  bool takes_events() const override { return live_; }
  base::Status on_event(base::ByteView event) override;
  base::Status move() override;
  leg::Loop::Before arm() override { return peer_->arm(); }
  base::Result<std::uint64_t> left_to_drain() override;
  void say_broken() override {}  // Telnet has no words for it
  void tell_ended(const std::string& reason, leg::Ending how) override;
  bool lingers_for_echo() const override { return live_; }
  // BytePeerHandler
  base::Status peer_bytes(base::ByteView bytes) override;
  void peer_ended(leg::BytePeerEnd end, std::string_view text) override;
  bool peer_held() override;

  base::Status start(const ipc::TelnetStart& start);
  base::Status password(ipc::TelnetPassword& password);
  base::Status log_in_further();
  void login_done(bool ok);
  void login_refused();
  void wipe_written();

  const int peer_fd_;
  codec::telnet::Client client_;
  TelnetChannel channel_;
  std::unique_ptr<leg::BytePeer> peer_;
  std::string login_name_;
  std::optional<Login> login_;  // until it is done
  base::Bytes shown_;           // what the last bytes of the target showed
  leg::Loop::TimerId asked_again_timer_ = 0;
  bool password_due_ = false;
  bool password_waits_ = false;  // for the socket to take it
  bool live_ = false;
};

}  // namespace sallyport::back::telnet
