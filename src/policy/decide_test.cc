// SPDX-License-Identifier: Apache-2.0
// Decisions over a small inventory: what is not named is refused, and a deny overrides.
#include "policy/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::policy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DecideTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put(R"({"kind":"user","name":"alice","groups":["ops"]})");
    put(R"({"kind":"user","name":"bob"})");
    put(R"({"kind":"user","name":"carol","groups":["ops"],"disabled":true})");
    put(R"({"kind":"group","name":"dba","members":["bob"]})");
    put(R"({"kind":"target","name":"web1","protocol":"ssh","address":"h1","labels":{"env":"prod","os":"linux"}})");
    put(R"({"kind":"target","name":"web2","protocol":"ssh","address":"h2","labels":{"env":"stage","os":"linux"}})");
    put(R"({"kind":"target","name":"db1","protocol":"ssh","address":"h3","labels":{"env":"prod","os":"bsd"}})");
    put(R"({"kind":"account","name":"deploy","targets":{"os":"linux"},"login":"certificate"})");
    put(R"({"kind":"account","name":"root","targets":["*"],"login":"key"})");
    put(R"({"kind":"policy","name":"ops-prod","subjects":{"groups":["ops"]},"targets":{"env":"prod"},
            "accounts":["deploy"],"allow":["shell","exec"]})");
    put(R"({"kind":"policy","name":"dba-db","subjects":{"groups":["dba"]},"targets":["db1"],"accounts":["root"],
            "allow":["shell"],"limits":{"idle":"10m"}})");
  }
  void put(const std::string& json) {
    auto r = parse_resource(json);
    ASSERT_TRUE(r) << r.message();
    snapshot_.put(std::move(*r));
  }
  Decision ask(const std::string& user, const std::string& account, const std::string& target,
               std::vector<std::string> groups = {}) {
    return decide(snapshot_, {user, std::move(groups), target, account, 0, "192.0.2.1"});
  }
  std::vector<std::string> words(const Decision& d) {
    return std::holds_alternative<Grant>(d) ? std::get<Grant>(d).permissions.words() : std::vector<std::string>{};
  }
  DenialReason reason(const Decision& d) { return std::get<Denial>(d).reason; }
  std::vector<std::string> reach(const std::string& user, std::vector<std::string> groups = {}) {
    std::vector<std::string> out;
    for (const Choice& c : choices(snapshot_, user, groups, 0, "")) out.push_back(c.account + "@" + c.target);
    for (const auto& [target, unused] : snapshot_.targets) {
      if (!groups.empty()) break;
      const auto there = [&, &name = target](const std::string& one) { return one.ends_with("@" + name); };
      EXPECT_EQ(reaches(snapshot_, user, target, 0, ""), std::any_of(out.begin(), out.end(), there)) << target;
    }
    return out;
  }
  Snapshot snapshot_;
};

TEST_F(DecideTest, AllowedByGroupAndLabel) {
  const Decision d = ask("alice", "deploy", "web1");
  ASSERT_TRUE(std::holds_alternative<Grant>(d));
  const Grant& g = std::get<Grant>(d);
  EXPECT_THAT(g.permissions.words(), ElementsAre("shell", "exec"));
  EXPECT_THAT(g.policies, ElementsAre("ops-prod"));
  EXPECT_EQ(g.record, RecordSettings{});
  EXPECT_EQ(g.record.bulk_after_bytes, 4 << 20);
  EXPECT_EQ(g.limits, Limits{});
}

TEST_F(DecideTest, MembershipFromTheGroupsSideAndFromADirectory) {
  EXPECT_THAT(words(ask("bob", "root", "db1")), ElementsAre("shell"));
  EXPECT_THAT(words(ask("bob", "deploy", "web1", {"ops"})), ElementsAre("shell", "exec"));
  EXPECT_EQ(std::get<Grant>(ask("bob", "root", "db1")).limits.idle_seconds, 600);
}

TEST_F(DecideTest, WhatIsNotNamedIsRefused) {
  EXPECT_EQ(reason(ask("alice", "deploy", "web2")), DenialReason::no_policy);
  EXPECT_EQ(reason(ask("alice", "root", "web1")), DenialReason::no_policy);
  EXPECT_EQ(reason(ask("bob", "deploy", "web1")), DenialReason::no_policy);
  EXPECT_EQ(reason(ask("alice", "deploy", "db1")), DenialReason::account_not_on_target);
  EXPECT_EQ(reason(ask("eve", "deploy", "web1", {"ops"})), DenialReason::unknown_user);
  EXPECT_EQ(reason(ask("carol", "deploy", "web1")), DenialReason::disabled_user);
  EXPECT_EQ(reason(ask("alice", "deploy", "web9")), DenialReason::unknown_target);
  EXPECT_EQ(reason(ask("alice", "admin", "web1")), DenialReason::unknown_account);
  EXPECT_EQ(reason(decide(Snapshot{}, {})), DenialReason::unknown_user);
}

TEST_F(DecideTest, TheUserDoesNotLearnTheInventory) {
  const auto message = [&](const std::string& account, const std::string& target) {
    std::string m = std::get<Denial>(ask("alice", account, target)).message;
    for (const std::string& name : {account, target}) {
      for (std::size_t at; (at = m.find(name)) != std::string::npos;) m.replace(at, name.size(), "X");
    }
    return m;
  };
  const std::string not_allowed = message("root", "web1");
  EXPECT_EQ(message("root", "nosuch"), not_allowed);
  EXPECT_EQ(message("nosuch", "web1"), not_allowed);
  EXPECT_EQ(message("deploy", "db1"), not_allowed);
  EXPECT_THAT(std::get<Denial>(ask("alice", "deploy", "db1")).detail, HasSubstr("is not for target 'db1'"));
}

TEST_F(DecideTest, ADenyPolicyOverridesEveryAllow) {
  put(R"({"kind":"policy","name":"freeze","effect":"deny","subjects":{"users":["*"]},"targets":{"env":"prod"},
          "accounts":["*"]})");
  const Decision d = ask("alice", "deploy", "web1");
  EXPECT_EQ(reason(d), DenialReason::denied_by_policy);
  EXPECT_THAT(std::get<Denial>(d).policies, ElementsAre("freeze"));
  EXPECT_THAT(reach("alice"), IsEmpty());
}

TEST_F(DecideTest, ADenyForSomebodyElseDoesNothing) {
  put(R"({"kind":"policy","name":"no-bob","effect":"deny","subjects":{"users":["bob"]},"targets":["*"],
          "accounts":["*"]})");
  EXPECT_THAT(words(ask("alice", "deploy", "web1")), ElementsAre("shell", "exec"));
  EXPECT_EQ(reason(ask("bob", "root", "db1")), DenialReason::denied_by_policy);
}

TEST_F(DecideTest, PermissionsAddUpAndDeniedOnesGo) {
  put(R"({"kind":"policy","name":"more","subjects":{"users":["alice"]},"targets":["web1"],"accounts":["deploy"],
          "allow":["sftp","forwarding"]})");
  EXPECT_THAT(words(ask("alice", "deploy", "web1")),
              ElementsAre("shell", "exec", "sftp", "forward-local", "forward-remote"));
  put(R"({"kind":"policy","name":"less","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],
          "deny":["forwarding","exec"]})");
  EXPECT_THAT(words(ask("alice", "deploy", "web1")), ElementsAre("shell", "sftp"));
  EXPECT_THAT(std::get<Grant>(ask("alice", "deploy", "web1")).policies, ElementsAre("less", "more", "ops-prod"));
  // A policy that only denies allows nothing by itself.
  EXPECT_EQ(reason(ask("alice", "root", "web2")), DenialReason::no_policy);
}

TEST_F(DecideTest, ATelnetTargetNeedsTheWordTelnet) {
  put(R"({"kind":"target","name":"sw1","protocol":"telnet","address":"h4"})");
  put(R"({"kind":"policy","name":"switches","subjects":{"users":["alice"]},"targets":["sw1"],"accounts":["root"],
          "allow":["shell","exec"]})");
  const Decision unnamed = ask("alice", "root", "sw1");
  EXPECT_EQ(reason(unnamed), DenialReason::no_policy);
  EXPECT_THAT(std::get<Denial>(unnamed).detail, HasSubstr("speaks telnet, which needs 'telnet': no policy allows"));
  EXPECT_THAT(std::get<Denial>(unnamed).message, Not(HasSubstr("speaks")));
  EXPECT_THAT(reach("alice"), Not(Contains("root@sw1")));

  put(R"({"kind":"policy","name":"plain","subjects":{"users":["alice"]},"targets":["sw1"],"accounts":["root"],
          "allow":["telnet"],"when":{"from":["10.0.0.0/8"]}})");
  const Decision elsewhere = ask("alice", "root", "sw1");
  EXPECT_EQ(reason(elsewhere), DenialReason::conditions);
  EXPECT_THAT(std::get<Denial>(elsewhere).detail, HasSubstr("no policy allows telnet now; policy plain: "));

  put(R"({"kind":"policy","name":"plain","subjects":{"users":["alice"]},"targets":["sw1"],"accounts":["root"],
          "allow":["telnet"]})");
  EXPECT_THAT(words(ask("alice", "root", "sw1")), ElementsAre("shell", "exec", "telnet"));
  EXPECT_THAT(reach("alice"), Contains("root@sw1"));

  put(R"({"kind":"policy","name":"no-plain","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],
          "deny":["telnet"]})");
  put(R"({"kind":"policy","name":"no-mosh","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],
          "deny":["mosh"]})");
  const Decision denied = ask("alice", "root", "sw1");
  EXPECT_EQ(reason(denied), DenialReason::denied_by_policy);
  EXPECT_THAT(std::get<Denial>(denied).policies, ElementsAre("no-plain"));
  EXPECT_THAT(words(ask("alice", "deploy", "web1")), ElementsAre("shell", "exec")) << "SSH needs no word";
}

// Nothing but a terminal with a shell is behind it: a session without one would log in for nothing.
TEST_F(DecideTest, ATelnetTargetNeedsAShell) {
  put(R"({"kind":"target","name":"sw1","protocol":"telnet","address":"h4"})");
  put(R"({"kind":"policy","name":"plain","subjects":{"users":["alice"]},"targets":["sw1"],"accounts":["root"],
          "allow":["telnet","exec"]})");
  const Decision d = ask("alice", "root", "sw1");
  EXPECT_EQ(reason(d), DenialReason::no_policy);
  EXPECT_THAT(std::get<Denial>(d).detail, HasSubstr("which needs 'shell': no policy allows shell"));
}

TEST_F(DecideTest, NothingLeftIsADenial) {
  put(R"({"kind":"policy","name":"none","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],
          "deny":["shell"]})");
  const Decision d = ask("bob", "root", "db1");
  EXPECT_EQ(reason(d), DenialReason::denied_by_policy);
  EXPECT_THAT(std::get<Denial>(d).policies, ElementsAre("none"));
}

TEST_F(DecideTest, TheStricterRecordRuleAndLimitHold) {
  put(R"({"kind":"policy","name":"a","subjects":{"users":["alice"]},"targets":["web1"],"accounts":["deploy"],
          "allow":["shell"],"record":{"bulk_after":"1MiB","bulk_hash":false},"limits":{"idle":"1h","duration":"8h"}})");
  Grant g = std::get<Grant>(ask("alice", "deploy", "web1"));
  EXPECT_EQ(g.record.bulk_after_bytes, 1 << 20);  // nobody else says anything of it
  EXPECT_FALSE(g.record.bulk_hash);
  EXPECT_EQ(g.limits, (Limits{3600, 0, 28800}));
  put(R"({"kind":"policy","name":"b","subjects":{"users":["alice"]},"targets":["web1"],"accounts":["deploy"],
          "allow":["shell"],"record":{"bulk_after":"16MiB","bulk_hash":true,"strict":true},"limits":{"idle":"5m","input_idle":"2m"}})");
  g = std::get<Grant>(ask("alice", "deploy", "web1"));
  EXPECT_EQ(g.record.bulk_after_bytes, 16 << 20);
  EXPECT_TRUE(g.record.bulk_hash);
  EXPECT_TRUE(g.record.strict);
  EXPECT_EQ(g.limits, (Limits{300, 120, 28800}));
}

TEST_F(DecideTest, RequirementsOfAllMatchingPoliciesAddUp) {
  EXPECT_TRUE(std::get<Grant>(ask("alice", "deploy", "web1")).requirements.empty());
  put(R"({"kind":"policy","name":"a","subjects":{"users":["alice"]},"targets":["web1"],"accounts":["deploy"],
          "allow":["sftp"],"require":{"reason":true}})");
  put(R"({"kind":"policy","name":"b","subjects":{"users":["*"]},"targets":{"env":"prod"},"accounts":["*"],
          "deny":["exec"],"require":{"factors":["totp"]}})");
  put(R"({"kind":"policy","name":"c","subjects":{"users":["bob"]},"targets":["*"],"accounts":["*"],
          "allow":["sftp"],"require":{"supervisor":true}})");
  const Grant g = std::get<Grant>(ask("alice", "deploy", "web1"));
  EXPECT_THAT(g.requirements.factors, ElementsAre(Factor::totp));
  EXPECT_TRUE(g.requirements.reason);
  EXPECT_TRUE(g.requirements.supervisors.empty()) << "bob's policy is not alice's";
  EXPECT_EQ(unmet(g.requirements, {}).size(), 2U);
}

TEST_F(DecideTest, TheSmallestNumberOfSessionsHoldsAndOneCheckoutSuffices) {
  put(R"({"kind":"policy","name":"a","subjects":{"users":["alice"]},"targets":["web1"],"accounts":["deploy"],
          "allow":["shell"],"limits":{"sessions_per_user":3,"sessions_per_target":9}})");
  put(R"({"kind":"policy","name":"b","subjects":{"users":["alice"]},"targets":["web1"],"accounts":["deploy"],
          "allow":["shell"],"limits":{"sessions_per_user":2,"sessions_per_account":4,"checkout":"exclusive"}})");
  const Limits limits = std::get<Grant>(ask("alice", "deploy", "web1")).limits;
  EXPECT_EQ(limits.sessions_per_user, 2);
  EXPECT_EQ(limits.sessions_per_target, 9);
  EXPECT_EQ(limits.sessions_per_account, 4);
  EXPECT_TRUE(limits.exclusive);
}

TEST_F(DecideTest, ConditionsOnTimeAndSource) {
  using Outcome = Consideration::Outcome;
  constexpr base::Micros kMonday = 1'772'442'000'000'000;  // 2 March 2026, 09:00 UTC
  const auto at = [&](base::Micros time, const char* source) {
    return Request{"alice", {}, "web1", "deploy", time, source};
  };
  put(R"({"kind":"policy","name":"ops-prod","subjects":{"groups":["ops"]},"targets":{"env":"prod"},
          "accounts":["deploy"],"allow":["shell"],"when":{"days":["mon"],"hours":"08:00-10:00","from":["10.0.0.0/8"]}})");
  EXPECT_TRUE(std::holds_alternative<Grant>(decide(snapshot_, at(kMonday, "10.1.1.1"))));
  const Decision late = decide(snapshot_, at(kMonday + 3'600'000'000, "10.1.1.1"));
  EXPECT_EQ(reason(late), DenialReason::conditions);
  EXPECT_THAT(std::get<Denial>(late).detail,
              HasSubstr("policy ops-prod: it is mon 10:00 in UTC, and it holds mon 08:00"));
  EXPECT_EQ(std::get<Denial>(late).message, "you have no access to deploy on web1 at this time or from this address");
  EXPECT_EQ(reason(decide(snapshot_, at(kMonday, "11.1.1.1"))), DenialReason::conditions);
  EXPECT_EQ(explain(snapshot_, at(kMonday, "11.1.1.1"))[1].outcome, Outcome::other_source);
  EXPECT_EQ(explain(snapshot_, at(0, "10.1.1.1"))[1].outcome, Outcome::other_time);
  EXPECT_EQ(explain(snapshot_, at(kMonday, ""))[1].outcome, Outcome::uncertain);
  EXPECT_THAT(explain(snapshot_, at(kMonday, ""))[1].why, HasSubstr("not known"));
  EXPECT_EQ(reason(decide(snapshot_, at(kMonday, ""))), DenialReason::conditions);
}

TEST_F(DecideTest, WhatCannotBeJudgedDeniesAndDoesNotAllow) {
  put(R"({"kind":"policy","name":"freeze","effect":"deny","subjects":{"users":["*"]},"targets":{"env":"prod"},
          "accounts":["*"],"when":{"from":["10.0.0.0/8"]}})");
  const auto from = [&](const char* source) { return decide(snapshot_, {"alice", {}, "web1", "deploy", 0, source}); };
  EXPECT_EQ(reason(from("10.0.0.1")), DenialReason::denied_by_policy);
  EXPECT_TRUE(std::holds_alternative<Grant>(from("192.0.2.1")));
  EXPECT_EQ(reason(from("")), DenialReason::denied_by_policy);
  put(R"({"kind":"policy","name":"freeze","subjects":{"users":["*"]},"targets":{"env":"prod"},"accounts":["*"],
          "allow":["sftp"],"deny":["exec"],"require":{"reason":true},"when":{"from":["10.0.0.0/8"]}})");
  EXPECT_THAT(words(from("10.0.0.1")), ElementsAre("shell", "sftp"));
  EXPECT_THAT(words(from("192.0.2.1")), ElementsAre("shell", "exec"));
  EXPECT_THAT(words(from("")), ElementsAre("shell"));
  EXPECT_TRUE(std::get<Grant>(from("")).requirements.reason);
  EXPECT_FALSE(std::get<Grant>(from("192.0.2.1")).requirements.reason);
}

TEST_F(DecideTest, SelectorsNeedEveryLabel) {
  put(R"({"kind":"policy","name":"s","subjects":{"users":["bob"]},"targets":{"env":["prod","stage"],"os":"linux"},
          "accounts":["root"],"allow":["exec"]})");
  EXPECT_THAT(words(ask("bob", "root", "web1")), ElementsAre("exec"));
  EXPECT_THAT(words(ask("bob", "root", "web2")), ElementsAre("exec"));
  EXPECT_THAT(words(ask("bob", "root", "db1")), ElementsAre("shell"));
  EXPECT_FALSE(matches(Selector{}, snapshot_.targets.at("web1")));
  EXPECT_FALSE(matches(Selector{{}, {{}}}, snapshot_.targets.at("web1")));
}

TEST_F(DecideTest, ChoicesAreExactlyWhatWouldBeGranted) {
  EXPECT_THAT(reach("alice"), ElementsAre("deploy@web1"));
  EXPECT_THAT(reach("bob"), ElementsAre("root@db1"));
  EXPECT_THAT(reach("bob", {"ops"}), ElementsAre("root@db1", "deploy@web1"));
  EXPECT_THAT(reach("carol"), IsEmpty());
  EXPECT_THAT(reach("eve", {"ops"}), IsEmpty());
}

TEST_F(DecideTest, ChoicesAgreeWithDecideOverEveryPair) {
  put(R"({"kind":"policy","name":"x","subjects":{"users":["*"]},"targets":["*"],"accounts":["root"],
          "allow":["exec"]})");
  put(R"({"kind":"policy","name":"y","effect":"deny","subjects":{"groups":["dba"]},"targets":["web2"],
          "accounts":["*"]})");
  for (const char* user : {"alice", "bob", "carol", "eve"}) {
    std::vector<std::string> granted;
    for (const auto& [target, unused] : snapshot_.targets) {
      for (const auto& [account, unused2] : snapshot_.accounts) {
        if (std::holds_alternative<Grant>(ask(user, account, target))) granted.push_back(account + "@" + target);
      }
    }
    EXPECT_EQ(reach(user), granted) << user;
  }
}

TEST_F(DecideTest, ExplainNamesEveryPolicy) {
  using Outcome = Consideration::Outcome;
  put(R"({"kind":"policy","name":"z-deny","effect":"deny","subjects":{"users":["alice"]},"targets":["*"],
          "accounts":["*"]})");
  const auto all = explain(snapshot_, {"alice", {}, "web1", "deploy", 0, ""});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].outcome, Outcome::other_subject);
  EXPECT_EQ(all[1].outcome, Outcome::allows);
  EXPECT_EQ(all[2].outcome, Outcome::denies);
  EXPECT_EQ(explain(snapshot_, {"alice", {}, "web2", "deploy", 0, ""})[1].outcome, Outcome::other_target);
  EXPECT_EQ(explain(snapshot_, {"alice", {}, "web1", "root", 0, ""})[1].outcome, Outcome::other_account);
}

TEST(SnapshotTest, AnEmailAddressIsAUsersSecondName) {
  const auto user = [](const char* name, const char* email) {
    User out;
    out.name = name;
    out.email = email;
    return out;
  };
  Snapshot s;
  s.put(user("alice", "alice@example.org"));
  s.put(user("bob", ""));
  EXPECT_EQ(s.user_name("alice@example.org"), "alice");
  EXPECT_EQ(s.user_name("bob"), "bob");
  EXPECT_EQ(s.user_name("carol@example.org"), "carol@example.org");
  EXPECT_EQ(s.user(s.user_name("carol@example.org")), nullptr);
  s.put(user("mallory", "alice@example.org"));
  EXPECT_EQ(s.user(s.user_name("alice@example.org")), nullptr) << "claimed twice, it is nobody's";
  s.put(user("bob", "bob@example.org"));
  s.put(user("bob", "robert@example.org"));
  EXPECT_EQ(s.user_name("robert@example.org"), "bob");
  EXPECT_EQ(s.user_name("bob@example.org"), "bob@example.org");
}

TEST_F(DecideTest, RolesComeFromUsersAndBindings) {
  put(R"({"kind":"role","name":"auditors","role":"auditor","subjects":{"groups":["dba"]}})");
  put(R"({"kind":"user","name":"dave","roles":["administrator"]})");
  EXPECT_THAT(roles_of(snapshot_, "alice", {}), ElementsAre(Role::user));
  EXPECT_THAT(roles_of(snapshot_, "bob", {}), ElementsAre(Role::user, Role::auditor));
  EXPECT_THAT(roles_of(snapshot_, "alice", {"dba"}), ElementsAre(Role::user, Role::auditor));
  EXPECT_THAT(roles_of(snapshot_, "dave", {}), ElementsAre(Role::user, Role::administrator));
  EXPECT_THAT(roles_of(snapshot_, "carol", {}), IsEmpty());
  EXPECT_THAT(roles_of(snapshot_, "eve", {}), IsEmpty());
}

}  // namespace
}  // namespace sallyport::policy
