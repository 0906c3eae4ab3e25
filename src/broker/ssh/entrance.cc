// SPDX-License-Identifier: Apache-2.0
// The wiring of a node's entrance by SSH, and the beginning of its connections.
#include "broker/ssh/entrance.h"

#include <utility>

#include "broker/ssh/connection.h"

namespace sallyport::broker {

SshEntrance ssh_entrance(Gateway& gateway, Zygotes& fronts, std::shared_ptr<const HostIdentity> identity) {
  Services& services = gateway.services;
  auto passwords = std::make_shared<StoredPasswords>(StoredPasswords::Wiring{
      services.store, services.store_thread, services.policy, services.passwords, services.guesses, services.clock});
  const auto spawn_front = [&fronts](base::Fd socket, std::function<void(base::Result<SpawnedWorker>)> done) {
    fronts.spawn(std::move(socket), std::move(done));
  };
  auto codes = std::make_shared<StoredCodes>(services.totp, services.store_thread, services.guesses);
  return {gateway,
          spawn_front,
          session_maker(gateway),
          std::move(identity),
          std::move(passwords),
          std::move(codes),
          std::make_shared<RememberedFactors>(),
          std::make_shared<StoredInvitations>(services)};
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
