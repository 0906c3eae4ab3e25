// SPDX-License-Identifier: Apache-2.0
// The opening of a session: the decision, its turn, the audit event with the row and the secret, the record, the
// connection, the login. Trusted side, on a session loop. It never uses a credential before the decision stands in the
// audit log and the record can take what follows.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "broker/access/policy_state.h"
#include "broker/session/alarm.h"
#include "broker/session/opening_errands.h"
#include "broker/session/registry.h"
#include "broker/session/session_clearance.h"
#include "broker/session/session_notes.h"
#include "broker/session/session_parts.h"
#include "broker/session/session_store.h"
#include "broker/session/session_turn.h"
#include "config/config.h"

namespace sallyport::broker {

class SessionOpening : public BackSide::Opening, private SessionClearance::Owner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    /// Whoever finds the session from now on can act on it.
    virtual void can_be_found() = 0;
    virtual void record_made() = 0;
    virtual std::unique_ptr<BackSide> make_back(const Protocol& protocol, SpawnedWorker worker,
                                                AccountSecret secret) = 0;
    /// The login is done. banner: foreign text.
    virtual void opened(const std::string& banner) = 0;
    /// There will be no session; the owner calls stop(). text is for the user.
    virtual void opening_failed(const std::string& text, const std::string& reason) = 0;
    /// An errand came back after stop().
    virtual void errand_back() = 0;
  };

  /// What it works with. All of it outlives the opening.
  struct Means {
    const config::Config& config;
    const base::Clock& clock;
    const PolicySource& policy;
    const ProtocolTable& protocols;
    OpeningPace& pace;
    LoginSpacing& logins;
    Registry& sessions;
    DescriptorBudget& descriptors;
    std::size_t descriptors_kept;  ///< see Gateway
    base::ByteView recording_key;  ///< see Services
    Alarm& alarm;
    SessionNotes& notes;
    SessionStore& store;
    RecordMaker& records;
    TargetDialer& dialer;
    BackSpawner& spawner;
    ApprovalDesk& approvals;
    Alarm& approval_alarm;
  };

  /// parts outlive it.
  SessionOpening(Owner& owner, SessionParts& parts, const Means& means);

  /// Decides, and opens what was granted. Once; it comes again by itself when it has to wait for its turn.
  void open();
  /// The policies have changed: what they do not grant any more is refused, also while it waits for something.
  void review();
  /// The session ends: nothing is begun any more.
  void stop();
  /// The back has ended, and broke no rule.
  void back_ended();
  /// Errands on other threads: nothing of the session may go before they are back.
  bool has_errands_out() const { return errands_out_ != 0; }

  bool back_may_log_in() override;
  void back_used_secret() override;
  void back_refused(const std::string& text, const std::string& reason) override;
  void back_logged_in(const LoginFacts& facts) override;

 private:
  enum class Stage { deciding, opening, login, over };

  void look_again() override { open(); }
  void not_cleared(const std::string& code, const std::string& detail, const std::string& text,
                   const std::string& reason) override {
    deny(code, detail, text, reason);
  }
  bool user_counts();
  /// The grant, by the policies of now; while it only waits, without the question what is proved.
  bool still_granted();
  policy::Decision decision(const PolicyState& state) const;
  void deny(const policy::Denial& denial);
  void deny(const std::string& code, const std::string& detail, const std::string& text, const std::string& reason);
  void fail(const std::string& text, const std::string& reason);
  void granted(policy::Grant grant, const policy::Snapshot& resources);
  SessionInfo info() const;
  bool find_room();
  void send_errands(std::vector<recording::Recipient> recipients);
  void stored(base::Result<AccountSecret> secret);
  void record_made(base::Result<std::unique_ptr<SessionRecord>> made);
  void connected(base::Result<base::Fd> socket);
  void part_ready();
  void start_back(base::Result<SpawnedWorker> spawned);

  Owner& owner_;
  SessionParts& parts_;
  const Means means_;
  const std::int64_t login_us_;
  Stage stage_ = Stage::deciding;
  SessionClearance clearance_;
  SessionTurn turn_;
  std::unique_ptr<LoginSpacing::Trial> trial_;
  const Protocol* protocol_ = nullptr;  // the target's
  int parts_missing_ = 0;
  int errands_out_ = 0;
  AccountSecret secret_;
  base::Fd socket_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker
