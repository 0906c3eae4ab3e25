// SPDX-License-Identifier: Apache-2.0
// Acting on a session: pause, suspend, resume, terminate, message, watch. The gate itself is shut by the handle, on the
// caller's thread; here the act is noted and the user is told. Trusted side, on a session loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "broker/access/identity.h"
#include "broker/session/front_side.h"
#include "broker/session/session_handle.h"
#include "net/loop.h"

namespace sallyport::broker {

class SessionControl {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    /// Whether a proof under this incarnation counts now and is of the person whose session this is.
    virtual bool is_the_user(const std::string& user, const store::Incarnation& incarnation) = 0;
    /// In the audit log and in the record.
    virtual void note_control(const std::string& action, const std::string& actor, const std::string& text) = 0;
    /// method: "password" or "totp".
    virtual void note_wrong_proof(const std::string& method) = 0;
    virtual void gate_opened() = 0;
    virtual void keyframe_wanted() = 0;
    /// Ends the session. text is for the user.
    virtual void end_by(const std::string& reason, const std::string& text) = 0;
    virtual void kill_workers() = 0;
  };
  /// Of a session whose end is under way nothing is left to do but to hurry it.
  enum class Stage { running, ending };

  SessionControl(Owner& owner, FrontSide& front, PasswordCheck& passwords, const base::Clock& clock, std::string user,
                 unsigned tries)
      : owner_(owner), front_(&front), passwords_(passwords), clock_(clock), user_(std::move(user)), tries_(tries) {}

  /// The session can be found from now on.
  void begin(std::shared_ptr<SessionHandle> handle) { handle_ = std::move(handle); }
  void act(const ControlAct& act, Stage stage, const std::function<void(base::Status)>& done);
  void watch(bool joined, const std::string& actor);
  /// The user's answer to a question: the password, or the code after it.
  void password(base::ByteView password);
  /// Nobody is told or asked any more: the front has gone, or the session ends.
  void leave_user() { front_ = nullptr; }
  void tell(const std::string& text);

 private:
  void resume(const ControlAct& act, const std::string& because);
  base::Status user_is_back(const ControlAct& act);
  void ask_password(const std::string& why, Asked asked);
  void ask_code(const std::string& why, Asked asked);
  bool awaits_code() const;
  void wrong_proof(const std::string& why);
  void judged(const PasswordCheck::Judged& judged);
  void reopen(const std::string& how);

  Owner& owner_;
  FrontSide* front_;
  PasswordCheck& passwords_;
  const base::Clock& clock_;
  const std::string user_;
  const unsigned tries_;
  std::shared_ptr<SessionHandle> handle_;
  unsigned asked_ = 0;  // answers that the front owes
  unsigned wrong_ = 0;  // passwords and codes of a suspended session's user
  /// A password that was right, where a code is due, too: for which wait, and who it proved.
  struct PasswordProof {
    base::Micros wanted_since = 0;
    store::Incarnation incarnation;
  };
  std::optional<PasswordProof> password_proof_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker
