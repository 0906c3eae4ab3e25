// SPDX-License-Identifier: Apache-2.0
// One web front: what it may say and when, and the one deed done here, the signature of its handshake. Trusted side, on
// a session loop. Everything else goes to the owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "broker/node/worker.h"
#include "broker/web/browser_terminal.h"
#include "broker/web/portal_identity.h"

namespace sallyport::ipc {
class BrokerToWeb;
class WebBody;
class WebFrame;
class WebRequest;
class WebToBroker;
}  // namespace sallyport::ipc

namespace sallyport::broker {

/// Who acts on what a web front says. Called only in the phases that the table allows.
class WebOwner {
 public:
  virtual ~WebOwner() = default;
  virtual void web_request(ipc::WebRequest& request) = 0;
  virtual void web_body(ipc::WebBody& body) = 0;
  virtual void web_frame(ipc::WebFrame& frame) = 0;
  virtual void web_terminal(ipc::WebToBroker& message) = 0;  ///< typed, resize, taken, proof
  virtual void web_drained() = 0;
  /// The worker is gone. fault: what it did that a front never does; empty for an ordinary end.
  virtual void web_ended(const std::string& reason, const std::string& fault) = 0;
};

class WebLink final : public web::TerminalWire {
 public:
  enum class Peer : bool { client, proxy };

  WebLink(SessionThread& thread, SpawnedWorker spawned, WebOwner& owner,
          std::shared_ptr<const PortalIdentity::Current> identity);

  void start(Peer peer);
  void send(const ipc::BrokerToWeb& message) override;
  bool congested() const override { return worker_.congested(); }
  void hold_reading(bool hold) override { worker_.hold_reading(hold); }
  void kill(const std::string& fault) override { worker_.kill(fault); }
  std::shared_ptr<const base::Fd> pidfd() const override { return worker_.pidfd(); }
  pid_t pid() const override { return worker_.pid(); }

  // Handlers of the table.
  void on_sign(ipc::WebToBroker& message);
  void on_request(ipc::WebToBroker& message);
  void on_body(ipc::WebToBroker& message);
  void on_frame(ipc::WebToBroker& message);
  void on_terminal(ipc::WebToBroker& message);
  void on_log_line(ipc::WebToBroker& message);
  void on_ended(ipc::WebToBroker& message);

 private:
  enum Phase : std::uint8_t { Handshake = 1, Open = 2, Any = 3 };
  struct Table;

  void on_message(ipc::MessageKind kind, base::ByteView payload);

  WebOwner& owner_;
  Worker worker_;
  const std::shared_ptr<const PortalIdentity::Current> identity_;
  Phase phase_ = Handshake;
  std::uint32_t seen_ = 0;
  std::string reason_;
  unsigned log_lines_ = 0;
};

}  // namespace sallyport::broker
