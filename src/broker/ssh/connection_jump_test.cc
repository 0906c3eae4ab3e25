// SPDX-License-Identifier: Apache-2.0
// Jumps through a connection: what they need, and what becomes of them when the outer connection goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/ssh/connection_fixture_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConnectionJumpTest : public ConnectionFixture {
 protected:
  /// At the menu.
  Client enter_outer() {
    Client client = enter("alice");
    EXPECT_TRUE(client.front->hear_control<ipc::BrokerToFront>().has_menu());
    return client;
  }
  static void ask(const Client& outer, const std::string& host) {
    ipc::FrontToBroker message;
    message.mutable_jump_open()->set_number(5);
    message.mutable_jump_open()->set_host(host);
    outer.front->say(message);
  }
  static ipc::JumpReply reply_of(const Client& outer) {
    return outer.front->hear_control<ipc::BrokerToFront>().jump_reply();
  }
  /// The inner client, at the other end of the socket that the outer front was given.
  Client inner_of(const Client& outer) {
    Client inner{outer.front->take_fd(), nullptr, {}, {}};
    EXPECT_EQ(read_line(inner.socket), config_.ssh.identification + "\r\n");
    EXPECT_EQ(::write(inner.socket.get(), "S", 1), 1);
    EXPECT_EQ(spawns_.next(), "spawn");
    inner.front = std::make_unique<FakeWorker>();
    spawn(inner.front->spawned());
    EXPECT_TRUE(inner.front->hear_control<ipc::BrokerToFront>().start().inherited_identity());
    return inner;
  }
  ipc::AuthReply log_in_inner(const Client& inner, const std::string& account) {
    ipc::FrontToBroker message;
    *message.mutable_auth_request() = none_of(account);
    inner.front->say(message);
    return inner.front->hear_control<ipc::BrokerToFront>().auth_reply();
  }
};

TEST_F(ConnectionJumpTest, TheInnerLegIsTheOuterUsers) {
  const Client outer = enter_outer();
  ask(outer, "web1");
  const auto reply = reply_of(outer);
  EXPECT_TRUE(reply.ok()) << reply.reason();
  EXPECT_EQ(reply.number(), 5U);
  Client inner = inner_of(outer);
  exchange_keys(inner);
  EXPECT_TRUE(log_in_inner(inner, "deploy").has_success());
  EXPECT_EQ(session_.next(), "jump alice deploy@web1");
  EXPECT_EQ(session_.next(), "open");
}

TEST_F(ConnectionJumpTest, WhatNoPolicyReachesIsRefusedLikeWhatIsNotThere) {
  policy::Target hidden;
  hidden.name = hidden.host = "db1";
  put(hidden);
  policy::Policy deny;
  deny.name = "no-db";
  deny.effect = policy::Effect::deny;
  deny.subjects.users = {"alice"};
  deny.targets.names = {"db1"};
  deny.accounts = {"*"};
  put(deny);
  const Client outer = enter_outer();
  ask(outer, "db1");
  const auto reply = reply_of(outer);
  EXPECT_FALSE(reply.ok());
  ask(outer, "nosuch");
  EXPECT_EQ(reply_of(outer).reason(), reply.reason());
  EXPECT_THAT(audited("jump.denied"), ElementsAre(HasSubstr("db1"), HasSubstr("nosuch")));
}

TEST_F(ConnectionJumpTest, AJumpThatOpensWhenTheOuterFrontIsGoneIsDropped) {
  const Client outer = enter_outer();
  std::promise<void> go;
  store_thread_->post([waits = go.get_future().share()] { waits.wait(); });
  ask(outer, "web1");
  outer.front->leave();
  // The outer connection is held by the errand on the store's thread alone.
  EXPECT_TRUE(wait_until([this] { return a_stranger_fits(1); }));
  go.set_value();
  expect_over(outer);
  EXPECT_TRUE(spawns_.empty());
  EXPECT_TRUE(a_stranger_fits(0));
}

TEST_F(ConnectionJumpTest, AUserWhoIsChangedWhileItOpensDoesNotGetIt) {
  const Client outer = enter_outer();
  std::promise<void> go;
  store_thread_->post([waits = go.get_future().share()] { waits.wait(); });
  ask(outer, "web1");
  EXPECT_TRUE(wait_until([this] { return a_stranger_fits(1); }));
  put_user("alice", {make_key().public_key().line("")});
  go.set_value();
  const auto reply = reply_of(outer);
  EXPECT_FALSE(reply.ok());
  EXPECT_THAT(reply.reason(), HasSubstr("cannot open this now"));
  EXPECT_TRUE(outer.front->hear_control<ipc::BrokerToFront>().has_terminate());
  expect_over(outer);
  EXPECT_TRUE(a_stranger_fits(0));
}

TEST_F(ConnectionJumpTest, AnInnerLoginOfAUserWhoWasChangedIsRefused) {
  const Client outer = enter_outer();
  ask(outer, "web1");
  EXPECT_TRUE(reply_of(outer).ok());
  Client inner = inner_of(outer);
  exchange_keys(inner);
  put_user("alice", {make_key().public_key().line("")});
  const auto reply = log_in_inner(inner, "deploy");
  EXPECT_TRUE(reply.has_failure());
  EXPECT_TRUE(reply.disconnect());
  EXPECT_TRUE(session_.empty());
  EXPECT_THAT(audited("auth.failure"), ElementsAre(HasSubstr("does not count any more")));
}

TEST_F(ConnectionJumpTest, AnInnerLegHasNoJumpsOfItsOwn) {
  const Client outer = enter_outer();
  ask(outer, "web1");
  EXPECT_TRUE(reply_of(outer).ok());
  Client inner = inner_of(outer);
  exchange_keys(inner);
  EXPECT_TRUE(log_in_inner(inner, "deploy").has_success());
  ask(inner, "web1");
  EXPECT_FALSE(reply_of(inner).ok());
}

TEST_F(ConnectionJumpTest, ALegThatIsOpenKeepsTheOuterConnectionPastItsTimeButOpensNoOther) {
  config_.limits.choice_seconds = 1;
  const Client outer = enter_outer();
  ask(outer, "web1");
  EXPECT_TRUE(reply_of(outer).ok());
  Client inner = inner_of(outer);
  exchange_keys(inner);
  EXPECT_TRUE(log_in_inner(inner, "deploy").has_success());
  EXPECT_EQ(session_.next(), "jump alice deploy@web1");
  EXPECT_EQ(session_.next(), "open");
  ipc::JumpReply reply;
  do {
    ask(outer, "nosuch");
    reply = reply_of(outer);
  } while (reply.reason().find("too long ago") == std::string::npos);
  expect_there(outer);
  inner.front->leave();
  EXPECT_EQ(session_.next(), "gone [] []");
  EXPECT_THAT(outer.front->hear_control<ipc::BrokerToFront>().terminate().text(), HasSubstr("too long ago"));
  expect_over(outer);
}

TEST_F(ConnectionJumpTest, AConnectionHasNoMoreJumpsThanAllowed) {
  const Client outer = enter_outer();
  std::promise<void> go;
  store_thread_->post([waits = go.get_future().share()] { waits.wait(); });
  for (unsigned i = 0; i < ipc::kMaxJumps; ++i) ask(outer, "web1");
  ask(outer, "web1");
  EXPECT_THAT(reply_of(outer).reason(), HasSubstr("too many jumps through one connection"));
  go.set_value();
  for (unsigned i = 0; i < ipc::kMaxJumps; ++i) EXPECT_TRUE(reply_of(outer).ok()) << i;
}

}  // namespace
}  // namespace sallyport::broker
