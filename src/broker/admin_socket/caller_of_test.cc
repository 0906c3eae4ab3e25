// SPDX-License-Identifier: Apache-2.0
// Who stands behind a local account: in doubt nobody.
#include "broker/admin_socket/caller_of.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace sallyport::broker::admin_socket {
namespace {

using policy::Role;

class CallerOfTest : public ::testing::Test {
 protected:
  void put(const std::string& json) {
    auto resource = policy::parse_resource(json);
    ASSERT_TRUE(resource) << resource.message();
    snapshot_.put(std::move(*resource));
  }
  api::Caller caller(const std::string& actor, uid_t uid) const { return caller_of({uid, uid, 1, actor}, snapshot_); }

  const uid_t stranger_ = ::geteuid() + 12345;
  policy::Snapshot snapshot_;
};

TEST_F(CallerOfTest, RootAndTheGatewaysAccountAdminister) {
  put(R"({"kind":"user","name":"eve","local_account":"sallyport"})");
  EXPECT_TRUE(caller("local:root", 0).roles.has(Role::administrator));
  EXPECT_TRUE(caller("local:sallyport", ::geteuid()).roles.has(Role::administrator));
  EXPECT_EQ(caller("local:root", 0).user, "");
}

TEST_F(CallerOfTest, AnAccountHasTheRolesOfItsUser) {
  put(R"({"kind":"user","name":"carol","local_account":"carol.adm","roles":["auditor"]})");
  put(R"({"kind":"role","name":"r","role":"approver","subjects":{"users":["carol"]}})");
  const auto carol = caller("local:carol.adm", stranger_);
  EXPECT_EQ(carol.user, "carol");
  EXPECT_EQ(carol.actor, "local:carol.adm");
  EXPECT_TRUE(carol.roles.has(Role::auditor));
  EXPECT_TRUE(carol.roles.has(Role::approver));
  EXPECT_TRUE(carol.roles.has(Role::user));
  EXPECT_FALSE(carol.roles.has(Role::administrator));
  EXPECT_TRUE(caller("local:carol", stranger_).roles.empty()) << "the user's name is not the account's";
}

TEST_F(CallerOfTest, NobodysAccountHasNoRoles) {
  EXPECT_TRUE(caller("local:mallory", stranger_).roles.empty());
  EXPECT_TRUE(caller("local:uid-4711", stranger_).roles.empty());
  put(R"({"kind":"user","name":"carol"})");
  EXPECT_TRUE(caller("local:", stranger_).roles.empty()) << "no account of its own is not the empty one";
}

TEST_F(CallerOfTest, AnAccountOfTwoIsNobodys) {
  put(R"({"kind":"user","name":"carol","local_account":"adm","roles":["administrator"]})");
  put(R"({"kind":"user","name":"dave","local_account":"adm"})");
  EXPECT_TRUE(caller("local:adm", stranger_).roles.empty());
}

TEST_F(CallerOfTest, ADisabledUserHasNoRoles) {
  put(R"({"kind":"user","name":"carol","local_account":"adm","roles":["administrator"],"disabled":true})");
  EXPECT_TRUE(caller("local:adm", stranger_).roles.empty());
}

}  // namespace
}  // namespace sallyport::broker::admin_socket
