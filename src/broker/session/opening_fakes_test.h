// SPDX-License-Identifier: Apache-2.0
// What stands for the errands of an opening in its test: each is done when the test says so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/session/opening_errands.h"
#include "broker/session/session_fakes_test.h"
#include "broker/session/session_store.h"

namespace sallyport::broker {

class FakeStore final : public SessionStore {
 public:
  void begin(audit::Event start, store::SessionRow row, const policy::Account&,
             std::function<void(base::Result<AccountSecret>)> done) override {
    started.push_back(std::move(start));
    rows.push_back(std::move(row));
    begun = std::move(done);
  }
  void end(audit::Event event, StoredEnd end) override {
    ended.push_back(std::move(event));
    ends.push_back(std::move(end));
  }
  void leave_list() override { ++left; }

  std::vector<audit::Event> started, ended;
  std::vector<store::SessionRow> rows;
  std::vector<StoredEnd> ends;
  std::function<void(base::Result<AccountSecret>)> begun;
  unsigned left = 0;
};

class FakeRecordMaker final : public RecordMaker {
 public:
  void make(Order asked, std::function<void(base::Result<std::unique_ptr<SessionRecord>>)> done) override {
    order = std::move(asked);
    made = std::move(done);
  }
  Order order;
  std::function<void(base::Result<std::unique_ptr<SessionRecord>>)> made;
};

class FakeDialer final : public TargetDialer {
 public:
  void dial(const policy::Target& target, UrgentData, const std::string&,
            std::function<void(base::Result<base::Fd>)> done) override {
    address = target.address();
    connected = std::move(done);
  }
  void cancel() override {
    ++cancelled;
    connected = nullptr;
  }
  std::string address;
  std::function<void(base::Result<base::Fd>)> connected;
  unsigned cancelled = 0;
};

class FakeSpawner final : public BackSpawner {
 public:
  void spawn(WorkerSource&, base::Fd, std::function<void(base::Result<SpawnedWorker>)> done) override {
    spawned = std::move(done);
  }
  std::function<void(base::Result<SpawnedWorker>)> spawned;
};

/// The zygotes of the table's entry. The fake spawner does not ask them.
class NoWorkers final : public WorkerSource {
 public:
  void spawn(base::Fd, std::function<void(base::Result<SpawnedWorker>)>) override {}
};

class FakePolicy final : public PolicySource {
 public:
  std::shared_ptr<const PolicyState> current() const override { return state; }
  std::shared_ptr<const PolicyState> state;
};

}  // namespace sallyport::broker
