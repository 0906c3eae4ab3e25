// SPDX-License-Identifier: Apache-2.0
// The target side of a session whose target speaks Telnet: the login by prompts and the worker. Trusted side, on a
// session loop. The password goes to the back alone, for the one step that needs it.
#pragma once

#include <string>

#include "broker/node/worker.h"
#include "broker/session/protocol.h"

namespace sallyport::ipc {
class BrokerToTelnet;
class TelnetToBroker;
}  // namespace sallyport::ipc

namespace sallyport::broker {

class TelnetBack : public BackSide {
 public:
  explicit TelnetBack(BackWiring wiring);

  /// Refuses, before it uses any secret, what no policy allows by name and what is no login by password.
  void start() override;
  void set_live() override { phase_ = Live; }
  std::string failure_text() const override;
  std::string timeout_text() const override;
  void send_event(base::ByteView event) override { worker_.send_event(event); }
  void send_credit(const ipc::Credit& credit) override;
  /// A terminal's streams are never sent in bulk.
  void send_bulk_start(const ipc::BulkStart&, std::span<const int>) override {}
  void recorded(std::uint64_t) override {}
  void terminate() override;
  void hold_reading(bool hold) override { worker_.hold_reading(hold); }
  bool congested() const override { return worker_.congested(); }
  void kill(const std::string& fault) override { worker_.kill(fault); }
  std::shared_ptr<const base::Fd> pidfd() const override { return worker_.pidfd(); }
  pid_t pid() const override { return worker_.pid(); }

  // Handlers of the table.
  void on_password_wanted(ipc::TelnetToBroker& message);
  void on_login_done(ipc::TelnetToBroker& message);
  void on_credit(ipc::TelnetToBroker& message);
  void on_log_line(ipc::TelnetToBroker& message);
  void on_ended(ipc::TelnetToBroker& message);

 private:
  enum Phase : std::uint8_t { Login = 1, Live = 2, Any = 3 };
  struct Table;

  void on_message(ipc::MessageKind kind, base::ByteView payload);
  void send(const ipc::BrokerToTelnet& message);

  Owner& owner_;
  Opening& opening_;
  const policy::Target target_;
  const policy::Account account_;
  AccountSecret secret_;
  Worker worker_;
  Phase phase_ = Login;
  std::uint32_t seen_ = 0;
  bool secret_crossed_ = false;
  std::string reason_;
  bool clean_ = false;
  unsigned log_lines_ = 0;
};

}  // namespace sallyport::broker
