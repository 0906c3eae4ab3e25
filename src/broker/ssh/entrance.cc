// SPDX-License-Identifier: Apache-2.0
// The wiring of a node's entrance by SSH, and the beginning of its connections.
#include "broker/ssh/entrance.h"

#include <utility>

#include "broker/ssh/connection.h"

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

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace

SshEntrance ssh_entrance(Gateway& gateway, Zygotes& fronts, std::shared_ptr<const HostIdentity> identity) {
  Services& services = gateway.services;
  auto passwords = std::make_shared<StoredPasswords>(StoredPasswords::Wiring{
      services.store, services.store_thread, services.policy, services.passwords, services.guesses, services.clock});
  const auto make_session = [&gateway](SessionThread& thread, FrontSide& front, PasswordCheck& check,
                                       SessionFacts facts, std::function<void()> over) {
    return std::make_shared<GatewaySession>(
        pin_to(thread, std::make_unique<Session>(gateway, thread, front, check, std::move(facts), std::move(over))));
  };
  const auto spawn_front = [&fronts](base::Fd socket, std::function<void(base::Result<SpawnedWorker>)> done) {
    fronts.spawn(std::move(socket), std::move(done));
  };
  auto codes = std::make_shared<StoredCodes>(services.totp, services.store_thread, services.guesses);
  return {gateway,
          spawn_front,
          make_session,
          std::move(identity),
          std::move(passwords),
          std::move(codes),
          std::make_shared<RememberedFactors>()};
}

void SshEntrance::take(SessionThread& thread, base::Fd socket, Arrival arrival) {
  Connection::Origin origin;
  origin.source = std::move(arrival.source);
  origin.source_host = std::move(arrival.source_host);
  origin.ticket = std::move(arrival.ticket);
  origin.identity = identity;
  auto connection = pin_to(thread, std::make_unique<Connection>(*this, thread, std::move(socket), std::move(origin)));
  thread.loop().post([connection] { connection->start(); });
}

}  // namespace sallyport::broker
