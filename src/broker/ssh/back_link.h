// SPDX-License-Identifier: Apache-2.0
// One SSH back: what it may say and when, and the check of its key exchanges. Trusted side, on a session loop.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "broker/node/worker.h"
#include "broker/ssh/host_check.h"
#include "broker/ssh/rekey_limit.h"

namespace sallyport::ipc {
class BackStart;
class BackToBroker;
class BrokerToBack;
class Credit;
class LoginDone;
class LoginPrompts;
class LoginWanted;
enum PeerFault : int;
}  // namespace sallyport::ipc

namespace sallyport::broker {

/// Who acts on what a back says. Called only in the phases that the table allows.
class BackOwner {
 public:
  virtual ~BackOwner() = default;
  virtual void back_host_refused(const base::Error& why) = 0;
  virtual void back_login_wanted(ipc::LoginWanted& wanted) = 0;
  virtual void back_login_prompts(ipc::LoginPrompts& prompts) = 0;
  virtual void back_login_done(ipc::LoginDone& done) = 0;
  virtual void back_credit(ipc::Credit& credit) = 0;
  virtual void back_event(base::ByteView event) = 0;  ///< LIVE only
  virtual void back_drained() = 0;
  virtual void back_ended(const std::string& reason, bool clean, const std::string& fault) = 0;
};

class BackLink {
 public:
  BackLink(const base::Clock& clock, SessionThread& thread, SpawnedWorker spawned, BackOwner& owner,
           policy::Target target, std::string client_version);

  void start(const ipc::BackStart& start);
  void send(const ipc::BrokerToBack& message, std::span<const int> fds = {});
  void send_event(base::ByteView event) { worker_.send_event(event); }
  void set_live() { phase_ = Live; }
  bool congested() const { return worker_.congested(); }
  void hold_reading(bool hold) { worker_.hold_reading(hold); }
  void kill(const std::string& fault) { worker_.kill(fault); }
  std::shared_ptr<const base::Fd> pidfd() const { return worker_.pidfd(); }
  pid_t pid() const { return worker_.pid(); }
  /// Of a target that never let us in, once the back has ended.
  ipc::PeerFault peer_fault() const { return peer_fault_; }
  const std::string& peer_said() const { return peer_said_; }
  /// The host that proved itself in the first key exchange: its H is this leg's session id.
  const std::optional<ProvenHost>& host() const { return host_; }

  // Handlers of the table.
  void on_host_proof(ipc::BackToBroker& message);
  void on_login_wanted(ipc::BackToBroker& message);
  void on_login_prompts(ipc::BackToBroker& message);
  void on_login_done(ipc::BackToBroker& message);
  void on_credit(ipc::BackToBroker& message);
  void on_log_line(ipc::BackToBroker& message);
  void on_target_fault(ipc::BackToBroker& message);
  void on_ended(ipc::BackToBroker& message);

 private:
  enum Phase : std::uint8_t { Kex = 1, Login = 2, Live = 4, Any = 7 };
  struct Table;

  void on_message(ipc::MessageKind kind, base::ByteView payload);

  const base::Clock& clock_;
  BackOwner& owner_;
  Worker worker_;
  const policy::Target target_;
  const std::string client_version_;
  Phase phase_ = Kex;
  std::uint32_t seen_ = 0;
  std::optional<ProvenHost> host_;
  std::string reason_;
  ipc::PeerFault peer_fault_{};
  std::string peer_said_;
  bool clean_ = false;
  RekeyLimit rekeys_;
  unsigned log_lines_ = 0;
};

}  // namespace sallyport::broker
