// SPDX-License-Identifier: Apache-2.0
// Who may supervise a session, and who may not.
#include "policy/supervision.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

const Supervisor kRootAccount{"local:root", "", true};

Supervisor somebody(const std::string& user) {
  return {"local:" + user, user, false};
}

class SupervisionTest : public ::testing::Test {
 protected:
  SupervisionTest() {
    for (const char* name : {"alice", "bob", "carol"}) {
      User user;
      user.name = name;
      if (user.name != "carol") user.groups = {"leads"};
      snapshot.put(user);
    }
  }
  Snapshot snapshot;
  const SupervisorRule leads{{}, {"leads"}, 900};
};

TEST_F(SupervisionTest, WhoeverTheRuleNamesAndNeverTheUser) {
  EXPECT_TRUE(may_supervise(snapshot, leads, somebody("bob"), "alice"));
  EXPECT_FALSE(may_supervise(snapshot, leads, somebody("alice"), "alice")) << "a session of their own";
  EXPECT_FALSE(may_supervise(snapshot, leads, somebody("carol"), "alice"));
  EXPECT_TRUE(may_supervise(snapshot, {{"carol"}, {"leads"}, 1}, somebody("carol"), "alice"));
  EXPECT_FALSE(may_supervise(snapshot, leads, somebody("nobody"), "alice"));
  EXPECT_FALSE(may_supervise(snapshot, leads, kRootAccount, "alice")) << "the rule names people";
  EXPECT_FALSE(may_supervise(snapshot, std::vector<SupervisorRule>{}, somebody("bob"), "alice"));
}

TEST_F(SupervisionTest, ADisabledSupervisorIsNone) {
  User bob = *snapshot.user("bob");
  bob.disabled = true;
  snapshot.put(bob);
  EXPECT_FALSE(may_supervise(snapshot, leads, somebody("bob"), "alice"));
}

TEST_F(SupervisionTest, ARuleThatNamesNobodyMeansThoseWhoMayWatchEverySession) {
  const SupervisorRule any{{}, {}, 900};
  EXPECT_FALSE(may_supervise(snapshot, any, somebody("bob"), "alice"));
  EXPECT_TRUE(may_supervise(snapshot, any, kRootAccount, "alice"));
  EXPECT_FALSE(may_supervise(snapshot, any, {"local:www-data", "", false}, "alice"));
  User bob = *snapshot.user("bob");
  bob.roles = {Role::auditor};
  snapshot.put(bob);
  EXPECT_TRUE(may_supervise(snapshot, any, somebody("bob"), "alice"));
  EXPECT_FALSE(may_supervise(snapshot, any, somebody("bob"), "bob"));
}

std::string policy_with(const std::string& require) {
  return R"({"kind":"policy","name":"p","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"],"allow":["shell"],"require":)" +
         require + "}";
}

TEST(Supervision, IsReadAsItIsWritten) {
  const auto read = parse_resource(policy_with(R"({"supervisor":{"groups":["leads"],"users":["bob"],"wait":"5m"}})"));
  ASSERT_TRUE(read) << read.message();
  EXPECT_EQ(std::get<Policy>(*read).require.supervisor, (SupervisorRule{{"bob"}, {"leads"}, 300}));
  EXPECT_TRUE(*parse_resource(to_json(*read)) == *read);
  EXPECT_FALSE(parse_resource(policy_with(R"({"supervisor":{"wait":"5m"}})"))) << "nobody is named";
  EXPECT_FALSE(parse_resource(policy_with(R"({"supervisor":{"groups":["leads"],"count":2}})")));
  EXPECT_FALSE(parse_resource(policy_with(R"({"supervisor":false})"))) << "it requires nothing";
  EXPECT_FALSE(parse_resource(policy_with(R"({"supervisor":"leads"})")));
}

TEST(Supervision, IsSaidInWords) {
  EXPECT_EQ(supervisors_text({{}, {"leads"}, 1}), "one of the group leads");
  EXPECT_EQ(supervisors_text({{"bob", "carol"}, {"leads", "ops"}, 1}), "bob, carol or one of the groups leads, ops");
  EXPECT_EQ(supervisors_text({{}, {}, 1}), "an auditor or an administrator");
}

}  // namespace
}  // namespace sallyport::policy
