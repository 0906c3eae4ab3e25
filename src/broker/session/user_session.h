// SPDX-License-Identifier: Apache-2.0
// The session of a connection, as the connection sees it, whatever protocol the user speaks. Trusted side, on a session
// loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/node/session_thread.h"
#include "broker/session/session.h"

namespace sallyport::broker {

class UserSession {
 public:
  virtual ~UserSession() = default;
  virtual void open() = 0;
  /// The policies have changed, and it may not be open yet.
  virtual void review() = 0;
  /// What the user has proved since the login; before open().
  virtual void prove(const ProvedFactor& factor) = 0;
  virtual void front_event(base::ByteView event) = 0;
  virtual void front_credit(const ipc::Credit& credit) = 0;
  virtual void front_reauthenticate(base::ByteView password) = 0;
  virtual void front_drained() = 0;
  virtual void front_gone(const std::string& reason, const std::string& fault) = 0;
  virtual const std::string& id() const = 0;
  virtual Session::Gate gate() const = 0;
};

/// front and passwords outlive the session or are taken away by front_gone(). over() is called once, on the loop, when
/// nothing of the session is left.
using MakeSession = std::function<std::shared_ptr<UserSession>(
    SessionThread& thread, FrontSide& front, PasswordCheck& passwords, SessionFacts facts, std::function<void()> over)>;

/// Makes sessions of the gateway, which outlives them.
MakeSession session_maker(Gateway& gateway);

}  // namespace sallyport::broker
