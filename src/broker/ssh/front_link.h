// SPDX-License-Identifier: Apache-2.0
// One SSH front: what it may say and when, and the one deed done here, signing its key exchanges. Trusted side, on a
// session loop. Everything else goes to the owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "broker/node/worker.h"
#include "broker/session/front_side.h"
#include "broker/ssh/host_identity.h"
#include "broker/ssh/rekey_limit.h"

namespace sallyport::ipc {
class AuthAnswers;
class AuthRequest;
class BrokerToFront;
class ClientSoftware;
class Credit;
class Ended;
class FrontStart;
class FrontToBroker;
class JumpOpen;
class KexInputs;
class LogLine;
class MenuChoice;
class Reauthenticate;
class ServiceCommand;
}  // namespace sallyport::ipc

namespace sallyport::broker {

/// Who acts on what a front says. Called only in the phases that the table allows.
class FrontOwner {
 public:
  virtual ~FrontOwner() = default;
  virtual void front_auth_request(ipc::AuthRequest& request) = 0;
  virtual void front_auth_answers(ipc::AuthAnswers& answers) = 0;
  virtual void front_credit(ipc::Credit& credit) = 0;
  virtual void front_jump_open(ipc::JumpOpen& request) = 0;
  virtual void front_menu_choice(ipc::MenuChoice& choice) = 0;
  virtual void front_reauthenticate(ipc::Reauthenticate& answer) = 0;
  virtual void front_service_command(ipc::ServiceCommand& command) = 0;
  virtual void front_event(base::ByteView event) = 0;  ///< LIVE only
  virtual void front_drained() = 0;
  /// The worker is gone. fault: what it did that a front never does; empty for an ordinary end.
  virtual void front_ended(const std::string& reason, const std::string& fault) = 0;
};

class FrontLink : public FrontSide {
 public:
  /// What the front's key exchanges may be.
  struct Terms {
    std::shared_ptr<const HostIdentity> identity;
    std::string server_version;
    std::vector<std::string> legacy;  ///< the configuration's legacy_clients
  };

  FrontLink(const base::Clock& clock, SessionThread& thread, SpawnedWorker spawned, FrontOwner& owner, Terms terms);

  void start(const ipc::FrontStart& start);
  void send(const ipc::BrokerToFront& message, std::span<const int> fds = {});

  void ready(const TargetGreeting& greeting) override;
  void refuse(const std::string& text) override;
  void tell(const Notice& notice) override;
  void ask_password(const std::string& prompt, Asked asked) override;
  void terminate(const std::string& text, Goodbye goodbye) override;
  void send_event(base::ByteView event) override { worker_.send_event(event); }
  void send_credit(const ipc::Credit& credit) override;
  void send_bulk_start(const ipc::BulkStart& start, std::span<const int> fds) override;
  void hold_events(bool hold) override;
  void hold_reading(bool hold) override { worker_.hold_reading(hold); }
  bool congested() const override { return worker_.congested(); }
  void kill(const std::string& fault) override { worker_.kill(fault); }
  std::shared_ptr<const base::Fd> pidfd() const override { return worker_.pidfd(); }
  pid_t pid() const override { return worker_.pid(); }

  /// Authentication succeeded: events and the messages of a live session are allowed from here on.
  void set_live() { phase_ = Live; }

  /// H of the first key exchange. Empty before it.
  base::ByteView session_id() const { return session_id_; }
  /// K_S of the first key exchange, as publickey-hostbound wants it.
  base::ByteView host_key() const { return host_key_; }
  const std::string& client_software() const { return client_software_; }
  /// What the first key exchange came to of the configuration's legacy_clients.
  const std::vector<std::string>& legacy() const { return legacy_; }

  // Handlers of the table.
  void on_sign_kex(ipc::FrontToBroker& message);
  void on_auth_request(ipc::FrontToBroker& message);
  void on_auth_answers(ipc::FrontToBroker& message);
  void on_credit(ipc::FrontToBroker& message);
  void on_jump_open(ipc::FrontToBroker& message);
  void on_menu_choice(ipc::FrontToBroker& message);
  void on_reauthenticate(ipc::FrontToBroker& message);
  void on_log_line(ipc::FrontToBroker& message);
  void on_ended(ipc::FrontToBroker& message);
  void on_client_software(ipc::FrontToBroker& message);
  void on_service_command(ipc::FrontToBroker& message);

 private:
  enum Phase : std::uint8_t { Kex = 1, Auth = 2, Live = 4, Any = 7 };
  struct Table;

  void on_message(ipc::MessageKind kind, base::ByteView payload);
  void on_control(base::ByteView payload);

  const base::Clock& clock_;
  FrontOwner& owner_;
  Worker worker_;
  const Terms terms_;
  Phase phase_ = Kex;
  std::uint32_t seen_ = 0;
  base::Bytes session_id_;
  base::Bytes host_key_;
  std::string client_software_;
  std::vector<std::string> legacy_;
  std::string reason_;
  RekeyLimit rekeys_;
  unsigned log_lines_ = 0;
  bool events_held_ = false;
};

}  // namespace sallyport::broker
