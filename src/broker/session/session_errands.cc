// SPDX-License-Identifier: Apache-2.0
// There and back again.
#include "broker/session/session_errands.h"

#include <sys/socket.h>

#include <span>

#include "base/log.h"
#include "broker/record/stored_end.h"

namespace sallyport::broker {

void StoreErrand::begin(audit::Event start, store::SessionRow row, const policy::Account& account,
                        std::function<void(base::Result<AccountSecret>)> done) {
  const auto write = [&services = services_, start = std::move(start), row = std::move(row)]() -> base::Status {
    if (auto entry = services.audit.log().append(start); !entry) return base::pass(entry);
    return services.store.insert_session(row);
  };
  services_.audit.commit(write,
                         [&services = services_, &loop = loop_, account, done = std::move(done)](base::Status status) {
                           auto outcome = std::make_shared<base::Result<AccountSecret>>();
                           if (status) *outcome = fetch_secret(services.vault, account);
                           if (!status) *outcome = base::pass(status);
                           loop.post([outcome, done] { done(std::move(*outcome)); });
                         });
}

void StoreErrand::end(audit::Event event, StoredEnd end) {
  services_.user_audit.tell_withheld(user_);
  const bool unsealed = end.integrity == "unsealed";
  const std::string reason = end.reason;
  const auto write = [&services = services_, session = session_, event = std::move(event), end = std::move(end)] {
    return store_end(services.store, services.audit.log(), std::span(&event, 1), session, end, services.clock);
  };
  services_.audit.commit(
      write,
      [&services = services_, session = session_, reason, unsealed](const base::Status& stored) {
        if (!stored) base::log_error("session " + session + ": its end is not noted yet: " + stored.message());
        if (!stored || unsealed) services.late_seals.add(session, reason);
      },
      Outage::waits);
}

void StoreErrand::leave_list() {
  services_.store_thread.post([&services = services_, session = session_] { services.sessions.remove(session); });
}

void RecordErrand::make(Order order, std::function<void(base::Result<std::unique_ptr<SessionRecord>>)> done) {
  recording::WriterOptions options;
  options.directory = gateway_.services.config.recording.dir;
  options.id = std::move(order.id);
  options.started_at_us = order.started_at_us;
  options.recipients = std::move(order.recipients);
  gateway_.services.record_thread.post([&gateway = gateway_, &loop = loop_, events = events_,
                                        options = std::move(options), done = std::move(done)] {
    auto made = std::make_shared<base::Result<std::unique_ptr<recording::Writer>>>(
        recording::Writer::create(options, gateway.signer, gateway.services.random));
    loop.post([&gateway, &loop, events, id = options.id, made, done] {
      if (!*made) return done(base::pass(*made));
      done(std::make_unique<RecordKeeper>(gateway.services, gateway.record_state, loop, std::move(**made), id, events));
    });
  });
}

void DialErrand::dial(const policy::Target& target, UrgentData urgent_data, const std::string& user,
                      std::function<void(base::Result<base::Fd>)> done) {
  dialer_ = std::make_unique<Dialer>(loop_, services_.resolver);
  dialer_->dial(target.address(), user, std::int64_t{services_.config.limits.connect_seconds} * 1'000'000,
                [urgent_data, done = std::move(done)](base::Result<base::Fd> socket) {
                  const int in_line = urgent_data == UrgentData::in_line;
                  if (socket && ::setsockopt(socket->get(), SOL_SOCKET, SO_OOBINLINE, &in_line, sizeof in_line) < 0) {
                    socket = base::fail_errno("cannot set up a socket");
                  }
                  done(std::move(socket));
                });
}

// The zygotes answer on the main thread.
void SpawnErrand::spawn(WorkerSource& backs, base::Fd target, std::function<void(base::Result<SpawnedWorker>)> done) {
  backs.spawn(std::move(target), [&loop = loop_, done = std::move(done)](base::Result<SpawnedWorker> spawned) {
    auto holder = std::make_shared<base::Result<SpawnedWorker>>(std::move(spawned));
    loop.post([holder, done] { done(std::move(*holder)); });
  });
}

}  // namespace sallyport::broker
