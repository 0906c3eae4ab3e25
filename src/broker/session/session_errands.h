// SPDX-License-Identifier: Apache-2.0
// How a session's errands run on a node: on the threads of the store and of the record, by the resolver, at the
// zygotes. Trusted side, on a session loop. What comes back after a session has gone is dropped.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "broker/node/gateway.h"
#include "broker/node/session_thread.h"
#include "broker/record/record_keeper.h"
#include "broker/session/dialer.h"
#include "broker/session/opening_errands.h"
#include "broker/session/session_store.h"

namespace sallyport::broker {

class StoreErrand final : public SessionStore {
 public:
  StoreErrand(Services& services, net::Loop& loop, std::string session, std::string user)
      : services_(services), loop_(loop), session_(std::move(session)), user_(std::move(user)) {}

  void begin(audit::Event start, store::SessionRow row, const policy::Account& account,
             std::function<void(base::Result<AccountSecret>)> done) override;
  void end(audit::Event event, StoredEnd end) override;
  void leave_list() override;

 private:
  Services& services_;
  net::Loop& loop_;
  const std::string session_, user_;
};

class RecordErrand final : public RecordMaker {
 public:
  RecordErrand(Gateway& gateway, net::Loop& loop, RecordKeeper::Events events)
      : gateway_(gateway), loop_(loop), events_(std::move(events)) {}

  void make(Order order, std::function<void(base::Result<std::unique_ptr<SessionRecord>>)> done) override;

 private:
  Gateway& gateway_;
  net::Loop& loop_;
  const RecordKeeper::Events events_;
};

class DialErrand final : public TargetDialer {
 public:
  DialErrand(Services& services, net::Loop& loop) : services_(services), loop_(loop) {}

  void dial(const policy::Target& target, UrgentData urgent_data, const std::string& user,
            std::function<void(base::Result<base::Fd>)> done) override;
  void cancel() override { dialer_.reset(); }

 private:
  Services& services_;
  net::Loop& loop_;
  std::unique_ptr<Dialer> dialer_;
};

class SpawnErrand final : public BackSpawner {
 public:
  explicit SpawnErrand(net::Loop& loop) : loop_(loop) {}

  void spawn(WorkerSource& backs, base::Fd target, std::function<void(base::Result<SpawnedWorker>)> done) override;

 private:
  net::Loop& loop_;
};

}  // namespace sallyport::broker
