// SPDX-License-Identifier: Apache-2.0
// One user's connection, from accept to its end: the front, who the user is, and which target the user wants. Trusted
// side, on a session loop. The inner leg of a jump is a connection too, with the identity of the outer one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "broker/intake/admission.h"
#include "broker/node/gateway.h"
#include "broker/session/session.h"
#include "broker/ssh/authenticator.h"
#include "broker/ssh/entrance.h"
#include "broker/ssh/front_link.h"
#include "broker/ssh/step_up.h"

namespace sallyport::broker {

class Connection : public FrontOwner, public std::enable_shared_from_this<Connection> {
 public:
  /// Where it comes from.
  struct Origin {
    std::string source;                         ///< "address:port"
    std::string source_host;                    ///< "address"
    std::unique_ptr<Admission::Ticket> ticket;  ///< among those that are not logged in
    std::shared_ptr<const HostIdentity> identity;
    // Of the inner leg of a jump:
    std::optional<Identity> inherited;
    std::string jump_target;
    std::shared_ptr<void> jump;  ///< the outer leg counts its inner ones by it
    std::weak_ptr<Connection> outer;
  };

  Connection(SshEntrance& entrance, SessionThread& thread, base::Fd socket, Origin origin);
  ~Connection() override;

  /// Begins, on the loop. The connection keeps itself until it is over.
  void start();

 private:
  void on_first_byte();
  void spawn_front();
  void start_front(SpawnedWorker spawned);
  void authenticated(Identity identity);
  void turn_away(const std::string& text, const std::string& reason);
  void await_choice();
  std::string barred() const;
  void look_again();
  void dismiss(const std::string& why);
  void refuse_inherited();
  void choose(policy::Destination destination, const std::string& via);
  bool needs_code(const Identity& identity) const;
  void step_up();
  void stepped_up(StepUp::Outcome outcome);
  void offer_menu();
  void give_up(const std::string& why);
  void over();

  void front_auth_request(ipc::AuthRequest& request) override;
  void front_auth_answers(ipc::AuthAnswers& answers) override;
  void front_credit(ipc::Credit& credit) override;
  void front_jump_open(ipc::JumpOpen& request) override;
  void front_menu_choice(ipc::MenuChoice& choice) override;
  void front_reauthenticate(ipc::Reauthenticate& answer) override;
  void front_service_command(ipc::ServiceCommand& command) override;
  void front_event(base::ByteView event) override;
  void front_drained() override;
  void front_ended(const std::string& reason, const std::string& fault) override;

  /// A jump that was asked for; it counts from then on, not only when its leg is there.
  struct Jump {
    std::uint32_t number = 0;
    std::string target;
    std::string host;
    std::shared_ptr<void> counted;
    std::unique_ptr<Admission::Ticket> ticket;
  };
  std::string why_no_jump(const std::string& host, std::string& target);
  void open_jump(std::shared_ptr<Jump> jump);
  void jump_ready(Jump& jump, std::shared_ptr<const HostIdentity> identity);
  void answer_auth(const ipc::AuthReply& reply, std::optional<Identity> identity);

  SshEntrance& entrance_;
  Gateway& gateway_;
  Services& services_;
  SessionThread& thread_;
  base::Fd socket_;
  Origin origin_;
  std::unique_ptr<net::Watch> first_byte_;
  net::Timer deadline_;
  std::unique_ptr<FrontLink> front_;
  std::unique_ptr<Authenticator> authenticator_;
  std::optional<Identity> identity_;
  std::unique_ptr<Admission::Ticket> place_;  // of the user; null: turned away
  std::string turned_away_;                   // why, for the user
  std::unique_ptr<DescriptorBudget::Share> descriptors_;
  std::unique_ptr<Logins::Place> login_place_;
  bool choice_over_ = false;  // too long ago for a choice or a jump
  bool dismissed_ = false;
  std::shared_ptr<UserSession> session_;
  std::unique_ptr<StepUp> step_up_;  // the session waits for it
  std::vector<policy::Choice> choices_;
  std::shared_ptr<void> jumps_ = std::make_shared<char>();  // shared with the inner legs: its use count is theirs
  bool banner_sent_ = false;
  bool code_awaited_ = false;
  bool front_gone_ = false;
  bool over_ = false;
  std::shared_ptr<Connection> self_;  // until over()
};

}  // namespace sallyport::broker
