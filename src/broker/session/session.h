// SPDX-License-Identifier: Apache-2.0
// One session: a log between two gates. Events of the front and the back are judged, appended to the record, and only
// then passed on. Trusted side, on one session loop; other threads go through its SessionHandle. Here its parts are
// connected: the opening, what lives (relay, limits, control), and the end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/node/gateway.h"
#include "broker/node/placement.h"
#include "broker/session/request_desk.h"
#include "broker/session/session_ending.h"
#include "broker/session/session_errands.h"
#include "broker/session/session_inspector.h"
#include "broker/session/session_live.h"
#include "broker/session/session_notes.h"
#include "broker/session/session_opening.h"
#include "broker/session/session_parts.h"

namespace sallyport::broker {

class Session : public std::enable_shared_from_this<Session>,
                private BackSide::Owner,
                private SessionOpening::Owner,
                private SessionEnding::Owner {
 public:
  /// front and passwords outlive the session or are taken away by front_gone(). over is called once, on the loop, when
  /// nothing of the session is left; the owner then lets go of it.
  Session(Gateway& gateway, SessionThread& thread, FrontSide& front, PasswordCheck& passwords, SessionFacts facts,
          std::function<void()> over);
  ~Session() override;

  /// Decides, and opens what was granted; the user hears of every failure. Once.
  void open() { opening_.open(); }

  /// The policies have changed: for a session that is not open yet. One that is hears of it through its handle.
  void review() { opening_.review(); }

  // What the connection passes on from its front.
  void front_event(base::ByteView event) { live_.relay().take(Direction::up, event); }
  void front_credit(const ipc::Credit& credit) { live_.relay().credit(Direction::up, credit); }
  void front_reauthenticate(base::ByteView password) { live_.control().password(password); }
  void front_drained() { live_.relay().go_on(); }
  void front_gone(const std::string& reason, const std::string& fault);

  const std::string& id() const { return parts_.id; }
  /// How its gate stands, for the user.
  enum class Gate { open, shut, supervised };
  Gate gate() const;

  /// What the user has proved since the login; before open().
  void prove(const ProvedFactor& factor) { parts_.facts.identity.factors.push_back(factor); }

 private:
  void back_event(base::ByteView event) override { live_.relay().take(Direction::down, event); }
  void back_credit(const ipc::Credit& credit) override { live_.relay().credit(Direction::down, credit); }
  void back_drained() override { live_.relay().go_on(); }
  void back_ended(const std::string& reason, bool clean, const std::string& fault) override;

  void can_be_found() override { live_.attach(); }
  void record_made() override;
  void inspector_gone(const std::string& reason, const std::string& fault);
  std::unique_ptr<BackSide> make_back(const Protocol& protocol, SpawnedWorker worker, AccountSecret secret) override;
  void opened(const std::string& banner) override;
  void opening_failed(const std::string& text, const std::string& reason) override { ending_.refuse(text, reason); }
  void errand_back() override { ending_.look(); }

  void stop_parts() override;
  void when_drained(std::function<void()> then) override { live_.relay().back_gone(std::move(then)); }
  bool errands_out() override { return opening_.has_errands_out(); }
  void settle_terminals(std::function<void()> then) override { inspector_.settle(std::move(then)); }
  void stop_inspector() override { inspector_.stop(); }
  void over() override;

  Services& services_;
  SessionThread& thread_;
  std::function<void()> over_;
  SessionParts parts_;
  SessionNotes notes_;
  Placement placement_;
  SessionInspector inspector_;
  StoreErrand store_;
  RecordErrand records_;
  DialErrand dialer_;
  SpawnErrand spawner_;
  LoopAlarm opening_alarm_, approval_alarm_, supervisor_alarm_, ending_alarm_;
  RequestDesk requests_;
  SessionLive live_;
  SessionEnding ending_;
  SessionOpening opening_;
};

}  // namespace sallyport::broker
