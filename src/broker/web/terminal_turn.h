// SPDX-License-Identifier: Apache-2.0
// A request for a terminal in the browser: the session of whoever is signed in, from its opening to its end. Trusted
// side, on a session loop. The connection is the session's front for good.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "broker/access/identity.h"
#include "broker/access/proof_again.h"
#include "broker/access/sign_ins.h"
#include "broker/node/session_thread.h"
#include "broker/session/user_session.h"
#include "broker/web/browser_terminal.h"
#include "broker/web/entrance.h"
#include "policy/address.h"

namespace sallyport::broker::web {

class TerminalTurn {
 public:
  /// The references outlive it.
  struct Means {
    WebEntrance& entrance;
    SessionThread& thread;
    TerminalWire& wire;
    std::function<void()> ended;  ///< the browser was told the last
    std::function<void()> over;   ///< after front_gone(): nothing of the session is left; on the loop
  };
  struct Asked {
    std::uint64_t number = 0;
    SignInPtr sign_in;
    policy::Destination destination;
    BrowserTerminal::Size size;
    std::string source;       ///< "address:port"; "address" behind a proxy
    std::string source_host;  ///< "address"
    std::string client;       ///< what the browser says of itself
  };

  TerminalTurn(Means means, const Asked& asked);
  ~TerminalTurn();
  TerminalTurn(const TerminalTurn&) = delete;
  TerminalTurn& operator=(const TerminalTurn&) = delete;

  /// Decides, and opens.
  void begin();
  void take(ipc::WebToBroker& message) { terminal_->take(message); }
  /// The policies have changed.
  void review() { session_->review(); }
  void drained() { session_->front_drained(); }
  /// The sign-in does not count any more.
  void sign_in_ended();
  void front_gone(const std::string& reason, const std::string& fault);

 private:
  Identity identity_of(const SignIn& sign_in) const;
  bool lacks_code(const Identity& identity, const Asked& asked) const;

  Means means_;
  Services& services_;
  LoopAlarm resize_alarm_;
  ProofAgain proofs_;
  std::unique_ptr<BrowserTerminal> terminal_;
  std::shared_ptr<UserSession> session_;
};

}  // namespace sallyport::broker::web
