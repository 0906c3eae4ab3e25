// SPDX-License-Identifier: Apache-2.0
// A session that lives while the policies, its user and its administrators change their minds: what it loses, what it
// is told, and what the audit log has of it.
#include "broker/session/session_live.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "broker/session/opening_run_test.h"

namespace sallyport::broker {
namespace {

using policy::Permission;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NoPasswords final : public PasswordCheck {
 public:
  void check_again(const std::string&, base::ByteView, std::function<void(const Judged&)>) override {}
  void check_code(const std::string&, base::ByteView, std::function<void(const Judged&)>) override {}
};

class LiveTest : public ::testing::Test, public SessionEnding::Owner {
 protected:
  LiveTest() {
    allow({Permission::shell, Permission::exec});
    parts.target = *policy.state->resources.target("web1");
    parts.account = *policy.state->resources.account("deploy");
    parts.grant.permissions = permissions({Permission::shell, Permission::exec});
    auto made_rules = std::make_unique<FakeRules>();
    rules = made_rules.get();
    parts.rules = std::move(made_rules);
    SessionInfo info;
    info.id = "id1";
    parts.handle = std::make_shared<SessionHandle>(info);
    auto made_record = std::make_unique<FakeRecord>();
    record = made_record.get();
    parts.record = std::move(made_record);
    parts.journal.emplace(*parts.record, clock, parts.handle->feed(), screens, "alice", [] {});
    auto made_back = std::make_unique<FakeBack>();
    back = made_back.get();
    parts.back = std::move(made_back);
    live.attach();
  }
  ~LiveTest() override {
    loop.stop();
    thread.join();
    parts.handle->detach();
  }

  static policy::Permissions permissions(const std::vector<Permission>& all) {
    policy::Permissions out;
    for (const Permission one : all) out.add(one);
    return out;
  }
  void change(const std::function<void(PolicyState&)>& how) {
    auto state = std::make_shared<PolicyState>(*policy.state);
    how(*state);
    policy.state = state;
  }
  void allow(const std::vector<Permission>& all, std::int64_t duration = 0) {
    change([&](PolicyState& state) {
      policy::Policy changed = usual_policy();
      changed.allow = permissions(all);
      if (duration != 0) changed.limits.duration_seconds = duration;
      state.resources.put(changed);
    });
  }
  /// On the session's loop, behind what others have asked of it; waits for it.
  void on_loop(const std::function<void()>& work = [] {}) {
    std::promise<void> done;
    loop.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void goes_live() {
    on_loop([this] {
      ending.went_live();
      live.begin({});
    });
  }
  void review() {
    parts.handle->review();
    on_loop();
  }
  base::Status act(ControlAction action) {
    base::Status out = base::fail(base::Errc::internal, "never called");
    parts.handle->control({action, "admin", "why"}, [&out](base::Status status) { out = std::move(status); });
    on_loop();
    return out;
  }
  /// Whether what the user does reaches the target.
  bool passes() {
    event::Event event;
    event.mutable_channel_open()->set_channel(1);
    event.mutable_channel_open()->set_type("session");
    const std::size_t before = back->events.size();
    const std::string bytes = event.SerializeAsString();
    on_loop([&] { live.relay().take(Direction::up, base::view(bytes)); });
    return back->events.size() > before;
  }
  std::vector<std::string> told() const {
    std::vector<std::string> out;
    for (const Notice& notice : front.told) out.push_back(notice.text);
    return out;
  }
  std::vector<std::string> audited() const {
    std::vector<std::string> out;
    for (const audit::Event& event : audit.events) out.push_back(event.type + " " + OpeningRun::reason_of(event));
    return out;
  }

  void stop_parts() override { live.stop(); }
  void when_drained(std::function<void()> then) override { live.relay().back_gone(std::move(then)); }
  bool errands_out() override { return false; }
  void settle_terminals(std::function<void()> then) override { then(); }
  void stop_inspector() override {}
  void over() override {}

  HandClock clock;
  HandAlarm alarm, supervisor_alarm;
  FakePolicy policy = [] {
    FakePolicy out;
    out.state = usual_state();
    return out;
  }();
  FakeAudit audit, user_audit;
  FakeStore store;
  FakeFront front;
  FakeRules* rules = nullptr;
  FakeRecord* record = nullptr;
  FakeBack* back = nullptr;
  HeldBudget screens, held;
  net::Loop loop;
  std::thread thread{[this] { loop.run(); }};
  HomeCpu home{0};
  Placement placement{home, clock};
  SessionInspector inspector{loop, [](const SessionInspector::Opened&) {},
                             [](const std::string&, const std::string&) {}};
  NoPasswords passwords;
  SessionParts parts{"id1", usual_facts(), front};
  SessionNotes notes{parts, "node1", audit, user_audit};
  ChannelBook book;
  SessionEnding ending{*this, parts, {clock, alarm, notes, store, book}};
  SessionLive live{parts,
                   {clock, policy, loop, notes, ending, placement, inspector, passwords, 3, held, supervisor_alarm}};
};

TEST_F(LiveTest, WhatIsGrantedGoesOn) {
  goes_live();
  EXPECT_TRUE(passes());
  review();
  EXPECT_TRUE(passes());
  EXPECT_THAT(audited(), IsEmpty());
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(LiveTest, AChangeWhileItOpenedEndsItBeforeAnythingPasses) {
  change([](PolicyState& state) { state.resources.drop_policy("ops"); });
  goes_live();
  EXPECT_FALSE(passes());
  EXPECT_THAT(audited(), ElementsAre("session.revoked no_policy"));
  EXPECT_THAT(front.terminated, ElementsAre(HasSubstr("do not let you use deploy@web1")));
}

TEST_F(LiveTest, AChangeWhileItOpenedRestrictsItBeforeAnythingPasses) {
  allow({Permission::exec});
  goes_live();
  EXPECT_EQ(rules->allowed, permissions({Permission::exec}));
  EXPECT_TRUE(passes());
}

TEST_F(LiveTest, ItEndsWithItsGrantAndSaysWhy) {
  goes_live();
  change([](PolicyState& state) { state.resources.drop_policy("ops"); });
  EXPECT_TRUE(passes()) << "nobody has asked it yet";
  review();
  EXPECT_FALSE(passes());
  EXPECT_THAT(audited(), ElementsAre("session.revoked no_policy"));
  EXPECT_THAT(front.terminated, ElementsAre(HasSubstr("do not let you use deploy@web1")));
  review();
  EXPECT_EQ(audit.events.size(), 1U) << "it ends once";
}

TEST_F(LiveTest, APermissionThatIsTakenIsRefusedFromThenOn) {
  goes_live();
  allow({Permission::exec, Permission::sftp});
  review();
  EXPECT_EQ(parts.grant.permissions, permissions({Permission::exec})) << "it gains nothing";
  EXPECT_EQ(rules->allowed, permissions({Permission::exec}));
  EXPECT_THAT(audited(), ElementsAre("session.restricted policies_changed"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("you may do less")));
  EXPECT_TRUE(passes());
}

TEST_F(LiveTest, APermissionThatIsInUseEndsItWhenItIsTaken) {
  goes_live();
  rules->oversteps = "forward-local";
  allow({Permission::exec});
  review();
  EXPECT_THAT(audited(), ElementsAre("session.restricted policies_changed", "session.revoked permission_taken"));
  EXPECT_THAT(front.terminated, ElementsAre(HasSubstr("forward-local")));
  EXPECT_FALSE(passes());
}

TEST_F(LiveTest, AShorterLimitIsToldAndActsAndALongerOneIsNothing) {
  goes_live();
  clock.now += 500 * kSecond;
  allow({Permission::shell, Permission::exec}, 400);
  review();
  EXPECT_EQ(parts.grant.limits.duration_seconds, 400);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("stricter limits on time"), HasSubstr("It ends in 60 s")));
  EXPECT_THAT(audited(), ElementsAre("session.restricted policies_changed"));
  allow({Permission::shell, Permission::exec}, 4000);
  review();
  EXPECT_EQ(parts.grant.limits.duration_seconds, 400);
  EXPECT_EQ(audit.events.size(), 1U);
  EXPECT_TRUE(passes()) << "the warning has its time";
}

TEST_F(LiveTest, AnOldLoginBeginsNothingNewAndSaysSoOnce) {
  goes_live();
  change([](PolicyState& state) { state.incarnations["alice"] = {kAlice.life, kAlice.proofs + 1}; });
  review();
  review();
  EXPECT_THAT(audited(), ElementsAre("session.restricted stale_login"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("log in anew")));
  EXPECT_EQ(ending.phase(), SessionEnding::Phase::live);
  EXPECT_EQ(rules->barred, 0U);
  (void)passes();
  EXPECT_EQ(rules->barred, 1U) << "what begins is judged by rules that know";
}

TEST_F(LiveTest, WhatTheUserIsToldIsInTheRecord) {
  goes_live();
  const std::size_t before = record->written.size();
  allow({Permission::exec});
  review();
  ASSERT_GT(record->written.size(), before);
  EXPECT_THAT(record->written.back(), HasSubstr("you may do less"));
}

TEST_F(LiveTest, ARecordThatFailsEndsWhatWouldBeRestricted) {
  goes_live();
  record->on_failure = [this] { ending.end("recording stopped", ""); };
  record->has_room = false;
  allow({Permission::exec}, 1);
  review();
  EXPECT_EQ(ending.phase(), SessionEnding::Phase::ending);
  EXPECT_EQ(rules->allowed, permissions({Permission::exec}));
}

TEST_F(LiveTest, APauseHoldsWhatTheUserDoesUntilAResume) {
  goes_live();
  EXPECT_TRUE(act(ControlAction::pause));
  EXPECT_FALSE(passes());
  const std::size_t before = back->events.size();
  EXPECT_TRUE(act(ControlAction::resume));
  EXPECT_GT(back->events.size(), before);
}

TEST_F(LiveTest, ATerminateEndsItAndLaterActsAreRefused) {
  goes_live();
  EXPECT_TRUE(act(ControlAction::terminate));
  EXPECT_FALSE(passes());
  EXPECT_THAT(audited(), Contains("session.terminate "));
  EXPECT_FALSE(act(ControlAction::message));
}

}  // namespace
}  // namespace sallyport::broker
