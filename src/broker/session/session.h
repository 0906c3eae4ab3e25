// SPDX-License-Identifier: Apache-2.0
// One session: a log between two gates. Events of the front and the back are judged, appended to the record, and only
// then passed on. Trusted side, on one session loop; other threads go through its SessionHandle.
// The parts: session_open.cc (policy, record, target), session_turn.cc (how fast), session_relay.cc (the gate),
// session_control.cc (pause …), session_limits.cc (how long it may last), session_end.cc (the seal).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/access/identity.h"
#include "broker/node/gateway.h"
#include "broker/record/record_keeper.h"
#include "broker/record/stored_end.h"
#include "broker/session/channel_book.h"
#include "broker/session/dialer.h"
#include "broker/session/front_side.h"
#include "broker/session/protocol.h"
#include "broker/session/session_handle.h"
#include "broker/session/time_limit.h"
#include "policy/decide.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::broker {

class Session : public BackSide::Owner, public std::enable_shared_from_this<Session> {
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
  void front_event(base::ByteView event);
  void front_credit(const ipc::Credit& credit);
  void front_reauthenticate(base::ByteView password);
  void front_drained();
  void front_gone(const std::string& reason, const std::string& fault);

 private:
  enum class Phase { deciding, opening, login, live, ending, over };
  struct Held {
    Direction from;
    base::Bytes event;
    std::optional<std::uint64_t> recorded_as =
        {};  // judged, in the record as this entry, and synced: it waited for the disk
  };

  // session_turn.cc
  /// Whether it may open now; if not, open() comes again, or the user has heard why not.
  bool is_its_turn();
  void audit_denied(const std::string& reason, const std::string& detail);
  void spaced_out(const LoginSpacing::Turn& turn);

  // session_open.cc
  bool user_counts();
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

  // session_limits.cc
  void start_limits();
  /// Bytes of a program or a forwarded connection, in either direction. Nothing else counts.
  void data_moved(Direction from, const Channel* channel);
  void excuse_from_limits(base::Micros now);
  void look_at_limits();
  void warn(const std::string& text);

  // session_relay.cc
  void back_event(base::ByteView event) override;
  void back_credit(const ipc::Credit& credit) override;
  void back_drained() override;
  void take(Direction from, base::ByteView event);
  bool must_hold() const;
  std::size_t& held_bytes(Direction from) { return from == Direction::up ? held_up_bytes_ : held_down_bytes_; }
  void leg_broke_rules(Direction leg, const std::string& fault);
  void drain_held();
  bool too_much_is_held(Direction from);
  void process(Direction from, base::ByteView bytes);
  bool record(recording::EntryKind kind, Direction from, const event::Event& event, base::ByteView bytes);
  bool record_own(const event::Event& event);
  /// To those who watch: plain entries and screens, never input.
  void show(recording::EntryKind kind, base::Micros time_us, Direction from, const event::Event& event,
            base::ByteView bytes);
  void forward(Direction to, base::ByteView bytes);
  void after_pass(Direction from, const event::Event& event);
  void pass_on(Direction from, base::ByteView bytes, std::uint64_t sequence);
  bool say_own(const Outbox& outbox);
  bool say_passing(const event::Event& event, std::uint64_t sequence);
  void after_keep(const event::Event& event);
  void acknowledge_blocks(std::uint64_t up_to);
  void refuse_event(Direction from, const event::Event& event, const Judgement& judgement);
  void consider_bulk(Direction from, std::uint32_t channel, bool is_stderr);
  void ask_keyframe();
  void update_back_pressure();
  bool congested() const;
  bool needs_sync(Direction from, const event::Event& event);

  // session_control.cc
  void attach_handle();
  void on_control(const ControlAct& act, const std::function<void(base::Status)>& done);
  void on_watch(bool joined, const std::string& actor);
  void note_control(const std::string& action, const std::string& actor, const std::string& text);
  void tell_user(const std::string& text);
  base::Status user_is_back(const ControlAct& act);
  void ask_password(const std::string& why, Asked asked);
  void password_judged(const PasswordCheck::Judged& judged);
  void reopen(const std::string& how);

  // session_end.cc
  void back_ended(const std::string& reason, bool clean, const std::string& fault) override;
  /// Stops both legs and seals the record. text is for the user, if the front can still show it.
  void end(const std::string& reason, const std::string& user_text, Goodbye goodbye = Goodbye::brief);
  void seal();
  void sealed(const RecordKeeper::Closed& closed);
  void note_end(StoredEnd end, std::vector<audit::Field> fields);
  void finish();
  void end_for_fault_of_back(const std::string& fault);
  void kill_workers();

  Gateway& gateway_;
  Services& services_;
  SessionThread& thread_;
  FrontSide* front_;
  PasswordCheck* passwords_;
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
  base::Micros opening_since_us_ = 0;  // the first open()
  bool paced_ = false;                 // counted among the user's openings
  std::unique_ptr<LoginSpacing::Trial> trial_;
  int parts_missing_ = 0;
  const Protocol* protocol_ = nullptr;  // the target's
  std::unique_ptr<BackSide> back_;
  std::unique_ptr<RecordKeeper> record_;
  std::unique_ptr<Rules> rules_;
  ChannelBook book_;
  std::deque<Held> held_;
  std::size_t held_up_bytes_ = 0, held_down_bytes_ = 0;
  HeldBudget::Share held_share_, screens_share_;
  std::function<void()> end_when_drained_;  // the back has ended, what it said is still on its way
  bool draining_ = false;
  bool faulted_ = false;  // a leg broke its rules: nothing passes any more, its end is under way
  bool syncing_ = false;
  unsigned blocks_syncing_ = 0;
  std::uint64_t blocks_to_acknowledge_ = 0;  // once the gate is open again
  bool front_done_ = false, back_done_ = true;
  int errands_out_ = 0;           // of the opening, on other threads: the end waits for them
  unsigned passwords_asked_ = 0;  // answers that the front owes
  unsigned wrong_passwords_ = 0;  // of a suspended session's user
  bool ring_attached_ = false;
  std::string end_reason_;
  WorkerHome home_;
  net::Timer deadline_, limits_;
  TimeLimit whole_limit_, idle_limit_, input_limit_;
};

}  // namespace sallyport::broker
