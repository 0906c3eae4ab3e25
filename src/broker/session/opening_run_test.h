// SPDX-License-Identifier: Apache-2.0
// One opening of a session, and fakes of all that is around it, for tests of the opening: nothing in it blocks, and
// everything comes when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/session/approval_desk_test.h"
#include "broker/session/opening_fakes_test.h"
#include "broker/session/session_opening.h"
#include "event/event.pb.h"

namespace sallyport::broker {

inline constexpr base::Micros kSecond = 1'000'000;
inline constexpr store::Incarnation kAlice{1, 1};

inline policy::Policy usual_policy() {
  policy::Policy policy;
  policy.name = "ops";
  policy.subjects.users = {"alice"};
  policy.targets.names = {"web1"};
  policy.accounts = {"deploy"};
  policy.allow.add(policy::Permission::shell);
  return policy;
}

inline std::shared_ptr<PolicyState> usual_state() {
  auto state = std::make_shared<PolicyState>();
  policy::User user;
  user.name = "alice";
  state->resources.put(user);
  policy::Target target;
  target.name = "web1";
  target.host = "10.0.0.9";
  state->resources.put(target);
  policy::Account account;
  account.name = "deploy";
  account.targets.names = {"web1"};
  state->resources.put(account);
  state->resources.put(usual_policy());
  state->incarnations["alice"] = kAlice;
  return state;
}

inline SessionFacts usual_facts() {
  SessionFacts facts;
  facts.identity.user = "alice";
  facts.identity.method = "password";
  facts.identity.incarnation = kAlice;
  facts.destination = {"deploy", "web1", 0};
  facts.source = "192.0.2.1:5000";
  facts.source_host = "192.0.2.1";
  return facts;
}

enum class Errand { store, record, dial };
inline constexpr std::array<Errand, 3> kErrands{Errand::store, Errand::record, Errand::dial};

/// One opening, and all that is around it.
class OpeningRun : public SessionOpening::Owner {
 public:
  OpeningRun() { policy.state = usual_state(); }

  void bar() {
    auto barred = usual_state();
    barred->incarnations["alice"] = {1, 2};
    policy.state = barred;
  }
  static AccountSecret secret() {
    AccountSecret out;
    out.password = std::make_shared<base::SecretBytes>();
    return out;
  }
  void come_back(Errand errand, bool ok = true) {
    switch (errand) {
      case Errand::store:
        return ok ? store.begun(secret()) : store.begun(base::fail(base::Errc::io, "no store"));
      case Errand::record:
        return ok ? records.made(new_record()) : records.made(base::fail(base::Errc::full, "no disk"));
      case Errand::dial:
        if (!dialer.connected) return;  // it was called off
        return ok ? dialer.connected(base::Fd()) : dialer.connected(base::fail(base::Errc::timeout, "no target"));
    }
  }
  std::unique_ptr<FakeRecord> new_record() {
    auto made = std::make_unique<FakeRecord>();
    record = made.get();
    record->has_room = disk_has_room;
    record->on_failure = [this] { opening.stop(); };  // as the end does
    return made;
  }
  std::vector<event::Event> recorded() const {
    std::vector<event::Event> out;
    if (record == nullptr) return out;
    for (const std::string& bytes : record->written) out.emplace_back().ParseFromString(bytes);
    return out;
  }
  void all_come_back() {
    for (const Errand errand : kErrands) come_back(errand);
  }
  void worker_comes() { spawner.spawned(SpawnedWorker(0, base::Fd(), base::Fd())); }
  void open_up_to_login() {
    opening.open();
    all_come_back();
    worker_comes();
  }
  void log_in(bool accepted) {
    LoginFacts facts;
    facts.accepted = accepted;
    facts.banner = "hello";
    opening.back_logged_in(facts);
  }
  SessionOpening::Means means_with(Registry& registry, DescriptorBudget& budget, base::ByteView key) {
    return {config, clock, policy, protocols, pace,    logins, registry, budget,    0,
            key,    alarm, notes,  store,     records, dialer, spawner,  approvals, approval_alarm};
  }
  std::vector<std::string> audited() const {
    std::vector<std::string> out;
    for (const audit::Event& event : audit.events) out.push_back(event.type);
    return out;
  }
  static std::string reason_of(const audit::Event& event) {
    for (const audit::Field& field : event.fields) {
      if (field.name == "reason") return std::get<std::string>(field.value);
    }
    return "";
  }

  void can_be_found() override {
    EXPECT_EQ(sessions.size(), 0U) << "whoever finds it can act on it";
    if (when_found) when_found();
  }
  void record_made() override {
    parts.journal.emplace(*parts.record, clock, parts.handle->feed(), screens, "alice", [] {});
  }
  // The secret is with whoever makes the back, and no sooner.
  std::unique_ptr<BackSide> make_back(const Protocol&, SpawnedWorker, AccountSecret given) override {
    EXPECT_EQ(store.started.size(), 1U);
    EXPECT_EQ(recorded().size(), 1U);
    secret_given = given.password != nullptr;
    auto made = std::make_unique<FakeBack>();
    back = made.get();
    return made;
  }
  void opened(const std::string& banner) override { opened_with.push_back(banner); }
  void opening_failed(const std::string& text, const std::string& reason) override {
    texts.push_back(text);
    reasons.push_back(reason);
    opening.stop();
  }
  void errand_back() override { ++late_errands; }

  config::Config config;
  HandClock clock;
  FakePolicy policy;
  NoWorkers workers;
  ProtocolTable protocols{{policy::Protocol::ssh,
                           {workers, UrgentData::set_aside,
                            [](const policy::Grant&, const config::Limits&) { return std::make_unique<FakeRules>(); },
                            [](BackWiring) { return std::make_unique<FakeBack>(); }}}};
  OpeningPace pace;
  LoginSpacing logins;
  Registry sessions{2};
  DescriptorBudget descriptors{kSessionDescriptors};
  const base::Bytes recording_key = base::Bytes(32, 7);
  HandAlarm alarm, approval_alarm;
  FakeDesk approvals;
  FakeAudit audit, user_audit;
  FakeStore store;
  FakeRecordMaker records;
  FakeDialer dialer;
  FakeSpawner spawner;
  FakeFront front;
  HeldBudget screens;
  bool disk_has_room = true;
  FakeRecord* record = nullptr;
  FakeBack* back = nullptr;
  bool secret_given = false;
  std::function<void()> when_found;
  std::vector<std::string> opened_with, texts, reasons;
  unsigned late_errands = 0;
  SessionParts parts{"id1", usual_facts(), front};
  SessionNotes notes{parts, "node1", audit, user_audit};
  SessionOpening opening{*this, parts, means_with(sessions, descriptors, recording_key)};
};

}  // namespace sallyport::broker
