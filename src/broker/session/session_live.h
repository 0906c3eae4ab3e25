// SPDX-License-Identifier: Apache-2.0
// What a session does while it lives: its relay, its limits and its control, and what each of them asks of the others.
// Trusted side, on a session loop.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "broker/access/policy_state.h"
#include "broker/node/placement.h"
#include "broker/session/lease.h"
#include "broker/session/session_control.h"
#include "broker/session/session_ending.h"
#include "broker/session/session_inspector.h"
#include "broker/session/session_limits.h"
#include "broker/session/session_notes.h"
#include "broker/session/session_parts.h"
#include "broker/session/session_relay.h"
#include "broker/session/session_supervision.h"

namespace sallyport::broker {

/// What moves, for those who measure it.
class SessionTraffic final : public SessionRelay::Meter {
 public:
  SessionTraffic(SessionLimits& limits, Placement& placement) : limits_(limits), placement_(placement) {}
  void data_moved(Direction from, const Channel* channel) override { limits_.data_moved(from, channel); }
  void event_passed(std::size_t bytes) override { placement_.passed(bytes); }
  void bulk_begins() override { placement_.bulk_begins(); }
  void bulk_flows() override { placement_.bulk_flows(); }

 private:
  SessionLimits& limits_;
  Placement& placement_;
};

class SessionLive : private SessionRelay::Owner,
                    private SessionLimits::Owner,
                    private SessionControl::Owner,
                    private SessionSupervision::Owner {
 public:
  /// All of it outlives what lives; the front until front_gone().
  struct Means {
    const base::Clock& clock;
    const PolicySource& policy;
    net::Loop& loop;
    SessionNotes& notes;
    SessionEnding& ending;
    Placement& placement;
    SessionInspector& inspector;
    PasswordCheck& passwords;
    unsigned password_tries;
    HeldBudget& held;
    Alarm& supervisor_alarm;
  };

  SessionLive(SessionParts& parts, const Means& means);

  /// Acts on the session's handle come here from now on.
  void attach();
  /// All parts are there: what the user does reaches the target, unless the policies have changed meanwhile or a
  /// supervisor is missing. greeting: of the target.
  void begin(TargetGreeting greeting);
  void stop();
  void front_gone();
  SessionRelay& relay() { return relay_; }
  SessionControl& control() { return control_; }

 private:
  void review();
  void restrict(const LeaseReview& now);
  void act(const ControlAct& act, const std::function<void(base::Status)>& done);

  bool login_counts() override;
  void decide(const event::Event& event, const Judgement& judgement, SessionRelay::Decided done) override;
  void refused(const Judgement& judgement) override { means_.notes.refused(judgement); }
  void event_recorded(std::uint64_t sequence, Direction from, const event::Event& event,
                      base::ByteView bytes) override {
    means_.inspector.see(sequence, from, event, bytes);
  }
  void relay_failed(const std::string& reason, const std::string& text) override;
  void dead_back_broke_rules(const std::string& fault) override { means_.ending.back_broke_rules(fault); }

  bool is_held() override { return parts_.handle->gate_shut(); }
  bool has_terminal() override { return relay_.book().has_open_terminal(); }
  bool warn(const std::string& text) override;
  void time_is_up(const std::string& reason, const std::string& text) override { means_.ending.end(reason, text); }

  bool is_the_user(const std::string& user, const store::Incarnation& incarnation) override;
  void note_control(const std::string& action, const std::string& actor, const std::string& text) override;
  void note_wrong_proof(const std::string& method) override { means_.notes.wrong_proof(method); }
  void gate_opened() override { relay_.go_on(); }
  void keyframe_wanted() override { means_.inspector.want_keyframes(); }
  void end_by(const std::string& reason, const std::string& text) override { means_.ending.end(reason, text); }
  void kill_workers() override { means_.ending.kill_workers(); }

  void note_supervision(const std::string& action, const std::string& actor, const std::string& text) override {
    means_.notes.control(action, actor, text);
  }
  void tell_waiting(const std::string& text) override;
  void tell_supervised(const std::string& text) override;
  void supervised() override;
  void supervisor_missing(const std::string& reason, const std::string& text) override {
    means_.ending.end(reason, text);
  }

  SessionParts& parts_;
  const Means means_;
  SessionLimits limits_;
  SessionTraffic traffic_;
  SessionRelay relay_;
  SessionControl control_;
  SessionSupervision supervision_;
  std::optional<TargetGreeting> greeting_;  // until the user is told that the target is there
  bool limits_started_ = false;
  bool stale_login_told_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker
