// SPDX-License-Identifier: Apache-2.0
// One session: a log between two gates. Events of the front and the back are judged, appended to the record, and only
// then passed on. Trusted side, on one session loop; other threads go through its SessionHandle.
// The parts: session_open.cc (policy, record, target), session_live.cc (what its relay
// its limits and its control ask), session_end.cc (the seal).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/access/identity.h"
#include "broker/node/gateway.h"
#include "broker/node/placement.h"
#include "broker/record/record_keeper.h"
#include "broker/record/stored_end.h"
#include "broker/session/dialer.h"
#include "broker/session/front_side.h"
#include "broker/session/journal.h"
#include "broker/session/protocol.h"
#include "broker/session/session_control.h"
#include "broker/session/session_handle.h"
#include "broker/session/session_limits.h"
#include "broker/session/session_relay.h"
#include "broker/session/session_turn.h"
#include "policy/decide.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::broker {

class Session : public BackSide::Owner,
                public SessionRelay::Owner,
                public SessionLimits::Owner,
                public SessionControl::Owner,
                public std::enable_shared_from_this<Session> {
 public:
  struct Facts {
    Identity identity;
    policy::Destination destination;
    std::string source;  ///< "address:port"
    std::string source_host;
    std::string via;
    std::string client_software;
    std::vector<std::string> legacy;  ///< of the user's connection: algorithms for old clients
  };

  /// front and passwords outlive the session or are taken away by front_gone(). over() is called once, on the
  /// loop, when nothing of the session is left; the owner then lets go of it.
  Session(Gateway& gateway, SessionThread& thread, FrontSide& front, PasswordCheck& passwords, Facts facts,
          std::function<void()> over);
  ~Session() override;

  /// Decides, and opens what was granted; the user hears of every failure. Once; it comes again by itself when it has
  /// to wait for its turn.
  void open();

  // What the connection passes on from its front.
  void front_event(base::ByteView event) { relay_.take(Direction::up, event); }
  void front_credit(const ipc::Credit& credit) { relay_.credit(Direction::up, credit); }
  void front_reauthenticate(base::ByteView password) { control_.password(password); }
  void front_drained() { relay_.go_on(); }
  void front_gone(const std::string& reason, const std::string& fault);

 private:
  enum class Phase { deciding, opening, login, live, ending, over };

  // session_open.cc
  bool user_counts();
  void audit_denied(const std::string& reason, const std::string& detail);
  void granted(policy::Grant grant, const policy::Snapshot& resources);
  void store_start();
  void create_record(std::vector<recording::Recipient> recipients);
  void dial_target();
  void part_ready();
  void start_back(SpawnedWorker spawned);
  void record_start();
  void refuse(const std::string& user_text, const std::string& reason);
  bool back_may_log_in() override;
  void back_used_secret() override;
  void back_refused(const std::string& text, const std::string& reason) override;
  void back_logged_in(const LoginFacts& facts) override;
  void go_live(const std::string& banner);

  // session_live.cc: what the relay, the limits and the control of a live session ask
  void back_event(base::ByteView event) override { relay_.take(Direction::down, event); }
  void back_credit(const ipc::Credit& credit) override { relay_.credit(Direction::down, credit); }
  void back_drained() override { relay_.go_on(); }
  bool login_counts() override;
  void decide(const event::Event& event, const Judgement& judgement, SessionRelay::Decided done) override;
  void refused(const Judgement& judgement) override;
  void data_moved(Direction from, const Channel* channel) override { limits_.data_moved(from, channel); }
  void event_passed(std::size_t bytes) override { placement_.passed(bytes); }
  void bulk_begins() override { placement_.bulk_begins(); }
  void bulk_flows() override { placement_.bulk_flows(); }
  void relay_failed(const std::string& reason, const std::string& text) override;
  void dead_back_broke_rules(const std::string& fault) override { end_for_fault_of_back(fault); }
  bool is_held() override { return handle_->gate_shut(); }
  bool has_terminal() override { return relay_.book().has_open_terminal(); }
  bool warn(const std::string& text) override;
  void time_is_up(const std::string& reason, const std::string& text) override { end(reason, text); }
  bool record_own(const event::Event& event) { return journal_ && journal_->write_own(event); }

  void attach_handle();
  bool is_the_user(const std::string& user, const store::Incarnation& incarnation) override;
  void note_control(const std::string& action, const std::string& actor, const std::string& text) override;
  void note_wrong_password() override;
  void gate_opened() override { relay_.go_on(); }
  void keyframe_wanted() override { relay_.ask_keyframe(); }
  void end_by(const std::string& reason, const std::string& text) override { end(reason, text); }

  // session_end.cc
  void back_ended(const std::string& reason, bool clean, const std::string& fault) override;
  /// Stops both legs and seals the record. text is for the user, if the front can still show it.
  void end(const std::string& reason, const std::string& user_text, Goodbye goodbye = Goodbye::brief);
  void seal();
  void sealed(const RecordKeeper::Closed& closed);
  void note_end(StoredEnd end, std::vector<audit::Field> fields);
  void finish();
  void end_for_fault_of_back(const std::string& fault);
  void kill_workers() override;

  Gateway& gateway_;
  Services& services_;
  SessionThread& thread_;
  FrontSide* front_;
  Facts facts_;
  std::function<void()> over_;

  Phase phase_ = Phase::deciding;
  policy::Grant grant_;
  policy::Target target_;
  policy::Account account_;
  std::string id_;
  std::string policies_;
  std::shared_ptr<SessionHandle> handle_;
  std::unique_ptr<DescriptorBudget::Share> descriptors_;
  std::unique_ptr<Dialer> dialer_;
  base::Fd target_socket_;
  AccountSecret secret_;
  SessionTurn turn_;
  std::unique_ptr<LoginSpacing::Trial> trial_;
  int parts_missing_ = 0;
  const Protocol* protocol_ = nullptr;  // the target's
  std::unique_ptr<BackSide> back_;
  std::unique_ptr<RecordKeeper> record_;
  std::unique_ptr<Rules> rules_;
  std::optional<Journal> journal_;
  SessionRelay relay_;
  bool front_done_ = false, back_done_ = true;
  int errands_out_ = 0;  // of the opening, on other threads: the end waits for them
  std::string end_reason_;
  Placement placement_;
  net::Timer deadline_;
  SessionLimits limits_;
  SessionControl control_;
};

}  // namespace sallyport::broker
