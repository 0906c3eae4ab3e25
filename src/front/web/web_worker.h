// SPDX-License-Identifier: Apache-2.0
// One web front: TLS and HTTP for one TCP connection, whose requests the broker answers. Untrusted side. It holds no
// key, decides nothing, and does not say who the client is.
#pragma once

#include <memory>

#include "base/random.h"
#include "front/web/conversation.h"
#include "front/web/pages.h"
#include "leg/byte_peer.h"
#include "leg/tls/connection.h"
#include "leg/worker_life.h"

namespace sallyport::ipc {
class BrokerToWeb;
class WebStart;
}  // namespace sallyport::ipc

namespace sallyport::front::web {

class WebWorker final : public leg::WorkerLife, public leg::BytePeerHandler {
 public:
  WebWorker(leg::WorkerSockets sockets, const base::Clock& clock, base::Random& random, const Pages& pages);

 private:
  // WorkerLife
  base::Status on_control(base::ByteView message, std::span<base::Fd> fds) override;
  bool takes_events() const override { return false; }
  base::Status on_event(base::ByteView) override { return {}; }
  base::Status move() override;
  leg::Loop::Before arm() override;
  void say_broken() override;
  void tell_ended(const std::string& reason, leg::Ending how) override;
  // BytePeerHandler
  base::Status peer_bytes(base::ByteView bytes) override;
  void peer_ended(leg::BytePeerEnd end, std::string_view text) override;
  bool peer_held() override;

  base::Status start(const ipc::WebStart& start);
  base::Status open_message(const ipc::BrokerToWeb& message);
  void ask_for_signature();
  base::Status read_plain();
  void write_out();
  void watch_client(std::uint32_t seconds, std::uint32_t unanswered);

  const int peer_fd_;
  const Pages& pages_;
  base::Random& random_;
  std::unique_ptr<leg::tls::Connection> tls_;
  std::unique_ptr<Conversation> conversation_;
  base::Bytes output_;  // ciphertext
  std::unique_ptr<leg::BytePeer> peer_;
  bool signature_asked_ = false;
  bool receiving_paused_ = false;
  std::uint32_t unanswered_ = 0;  // signs of life that were asked for since the client said anything
};

}  // namespace sallyport::front::web
