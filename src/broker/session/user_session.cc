// SPDX-License-Identifier: Apache-2.0
// The gateway's own sessions.
#include "broker/session/user_session.h"

#include <utility>

namespace sallyport::broker {

namespace {

class GatewaySession final : public UserSession {
 public:
  explicit GatewaySession(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  void open() override { session_->open(); }
  void review() override { session_->review(); }
  void prove(const ProvedFactor& factor) override { session_->prove(factor); }
  void front_event(base::ByteView event) override { session_->front_event(event); }
  void front_credit(const ipc::Credit& credit) override { session_->front_credit(credit); }
  void front_reauthenticate(base::ByteView password) override { session_->front_reauthenticate(password); }
  void front_drained() override { session_->front_drained(); }
  void front_gone(const std::string& reason, const std::string& fault) override { session_->front_gone(reason, fault); }
  const std::string& id() const override { return session_->id(); }
  Session::Gate gate() const override { return session_->gate(); }

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace

MakeSession session_maker(Gateway& gateway) {
  return [&gateway](SessionThread& thread, FrontSide& front, PasswordCheck& check, SessionFacts facts,
                    std::function<void()> over) {
    return std::make_shared<GatewaySession>(
        pin_to(thread, std::make_unique<Session>(gateway, thread, front, check, std::move(facts), std::move(over))));
  };
}

}  // namespace sallyport::broker
