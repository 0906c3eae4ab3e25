// SPDX-License-Identifier: Apache-2.0
// What an outsider may do: what the invitation names, as far as a policy lets the sponsor invite somebody to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/access_request.h"
#include "policy/decide.h"
#include "policy/supervision.h"

namespace sallyport::policy {
namespace {

using ::testing::ElementsAre;

constexpr base::Micros kFrom = 1'700'000'000'000'000, kUntil = kFrom + 3'600'000'000;

class OutsiderTest : public ::testing::Test {
 protected:
  OutsiderTest() {
    put(R"({"kind":"user","name":"bob","groups":["ops"]})");
    put(R"({"kind":"target","name":"web1","protocol":"ssh","address":"10.0.0.1","labels":{"env":"prod"}})");
    put(R"({"kind":"target","name":"web2","protocol":"ssh","address":"10.0.0.2","labels":{"env":"prod"}})");
    put(R"({"kind":"account","name":"root","targets":["*"],"login":"certificate"})");
    put(R"({"kind":"account","name":"deploy","targets":["*"],"login":"certificate"})");
    put(R"({"kind":"policy","name":"vendors","sponsors":{"groups":["ops"]},"targets":{"env":"prod"},
            "accounts":["root"],"allow":["shell"]})");
    User jane;
    jane.name = "jane";
    jane.outsider = Outsider{"01hzy0000000000000000000aa", "bob", 1, "root", {"web1"}, kFrom, kUntil};
    snapshot.put(jane);
  }
  void put(const std::string& json) {
    auto resource = parse_resource(json);
    ASSERT_TRUE(resource) << resource.message();
    snapshot.put(std::move(*resource));
  }
  Decision ask(const std::string& account = "root", const std::string& target = "web1", base::Micros at = kFrom) const {
    return decide(snapshot, {"jane", {}, target, account, at, "192.0.2.1"});
  }
  bool allowed(const std::string& account = "root", const std::string& target = "web1", base::Micros at = kFrom) const {
    return std::holds_alternative<Grant>(ask(account, target, at));
  }
  Snapshot snapshot;
};

TEST_F(OutsiderTest, ReachesWhatTheInvitationNamesAndNothingElse) {
  ASSERT_TRUE(allowed());
  EXPECT_EQ(std::get<Grant>(ask()).permissions.words(), std::vector<std::string>{"shell"});
  EXPECT_FALSE(allowed("root", "web2")) << "the policy is about it, the invitation is not";
  EXPECT_FALSE(allowed("deploy", "web1"));
  EXPECT_EQ(std::get<Denial>(ask("root", "web2")).reason, DenialReason::invitation);
  EXPECT_THAT(choices(snapshot, "jane", {}, kFrom, "192.0.2.1"), ElementsAre(Choice{"root", "web1"}));
}

TEST_F(OutsiderTest, FromTheFirstMomentUpToTheLast) {
  EXPECT_FALSE(allowed("root", "web1", kFrom - 1));
  EXPECT_TRUE(allowed("root", "web1", kFrom));
  EXPECT_TRUE(allowed("root", "web1", kUntil - 1));
  EXPECT_FALSE(allowed("root", "web1", kUntil));
}

TEST_F(OutsiderTest, NeedsASponsorWhomAPolicyNames) {
  put(R"({"kind":"user","name":"bob","groups":[]})");
  EXPECT_FALSE(allowed()) << "the sponsor left the group";
  put(R"({"kind":"user","name":"bob","groups":["ops"],"disabled":true})");
  EXPECT_FALSE(allowed());
  put(R"({"kind":"user","name":"bob","groups":["ops"]})");
  EXPECT_TRUE(allowed());
  snapshot.users.erase("bob");
  EXPECT_FALSE(allowed());
}

TEST_F(OutsiderTest, PoliciesForUsersAllowNothingAndTheirRestrictionsHold) {
  put(R"({"kind":"policy","name":"everybody","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],
          "allow":["shell","exec","sftp"],"deny":["sftp"],"require":{"reason":true},"limits":{"idle":60}})");
  put(R"({"kind":"policy","name":"by-name","subjects":{"users":["jane"]},"targets":["*"],"accounts":["*"],"allow":["exec"]})");
  const auto grant = std::get<Grant>(ask());
  EXPECT_EQ(grant.permissions.words(), std::vector<std::string>{"shell"});
  EXPECT_TRUE(grant.requirements.reason);
  EXPECT_EQ(grant.limits.idle_seconds, 60);
  put(R"({"kind":"policy","name":"freeze","effect":"deny","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"]})");
  EXPECT_FALSE(allowed());
}

TEST_F(OutsiderTest, ThoseWhoMayInviteNeedNotHaveTheAccessThemselves) {
  EXPECT_FALSE(std::holds_alternative<Grant>(decide(snapshot, {"bob", {}, "web1", "root", kFrom, "192.0.2.1"})));
  EXPECT_TRUE(allowed());
}

TEST_F(OutsiderTest, HasNoGroupsRolesNorSay) {
  put(R"({"kind":"group","name":"leads","members":["jane"]})");
  put(R"({"kind":"role","name":"all","role":"administrator","subjects":{"users":["*"]}})");
  EXPECT_TRUE(groups_of(snapshot, "jane", {"ops"}).empty());
  EXPECT_TRUE(roles_of(snapshot, "jane", {}).empty());
  EXPECT_FALSE(is_approver(snapshot, {{"jane"}, {"leads"}, 1, 3600}, "jane"));
  EXPECT_FALSE(may_supervise(snapshot, SupervisorRule{{"jane"}, {"leads"}, 1}, {"local:jane", "jane", false}, "alice"));
}

TEST_F(OutsiderTest, TheSponsorDoesNotApproveAndTheEndStandsWheneverItIsApproved) {
  AccessRequest request;
  request.requester = "jane";
  request.sponsor = "bob";
  request.rules = {{{"bob"}, {}, 1, 7200}};
  request.start_us = kFrom;
  request.decide_by_us = kUntil;
  request.valid_seconds = 3600;
  EXPECT_FALSE(may_decide(snapshot, request, "bob"));
  EXPECT_FALSE(cast_vote(snapshot, request, {"bob", true, kFrom, ""}));
  ASSERT_TRUE(cast_vote(snapshot, request, {std::string(kRoot), true, kFrom + 1'800'000'000, ""}));
  EXPECT_EQ(good_until_us(request), kUntil);
  EXPECT_EQ(state_at(request, kUntil - 1), RequestState::approved);
  EXPECT_EQ(state_at(request, kUntil), RequestState::expired);
}

TEST_F(OutsiderTest, IsReadAsItIsWritten) {
  const User* jane = snapshot.user("jane");
  const auto again = parse_resource(to_json(Resource(*jane)));
  ASSERT_TRUE(again) << again.message();
  EXPECT_EQ(std::get<User>(*again), *jane);
  const auto policy = snapshot.policies.find("vendors")->second;
  EXPECT_EQ(std::get<Policy>(*parse_resource(to_json(Resource(policy)))), policy);
  EXPECT_FALSE(parse_resource(R"({"kind":"policy","name":"p","targets":["*"],"accounts":["*"],"allow":["shell"]})"));
  EXPECT_FALSE(parse_resource(
      R"({"kind":"user","name":"j","groups":["ops"],"outsider":{"invitation":"x","sponsor":"bob","sponsor_life":1,"account":"root",
          "targets":["web1"],"from":"2026-01-01T00:00:00Z","until":"2026-01-02T00:00:00Z"}})"));
}

TEST_F(OutsiderTest, ExplanationAndDecisionAgree) {
  put(R"({"kind":"policy","name":"everybody","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],"allow":["exec"]})");
  put(R"({"kind":"policy","name":"others","subjects":{"groups":["ops"]},"targets":["*"],"accounts":["*"],"allow":["exec"]})");
  std::vector<std::string> outcomes;
  for (const Consideration& one : explain(snapshot, {"jane", {}, "web1", "root", kFrom, "192.0.2.1"})) {
    outcomes.push_back(one.policy + " " + to_string(one.outcome));
  }
  EXPECT_THAT(outcomes, ElementsAre("everybody restricts", "others other_subject", "vendors allows"));
}

}  // namespace
}  // namespace sallyport::policy
