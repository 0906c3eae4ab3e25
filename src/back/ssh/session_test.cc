// SPDX-License-Identifier: Apache-2.0
// Whatever a client and a target say to each other arrives, in order, and nothing arrives that the broker did not have
// first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "back/ssh/session_fixture_test.h"

namespace sallyport::back::ssh {
namespace {

TEST_F(Session, ExecBringsBothStreamsAndTheStatus) {
  start();
  exec("make");
  push(*stage.target, at_target, cs::ChannelStream::main, "out\n");
  push(*stage.target, at_target, cs::ChannelStream::stderr_data, "err\n");
  push(*stage.client, at_client, cs::ChannelStream::main, "in\n");
  ASSERT_TRUE(stage.client->connection().eof(at_client));
  ASSERT_TRUE(stage.until([&] { return target().eof; }));
  EXPECT_EQ(target().out, "in\n");
  finish_from_target(3);
  EXPECT_EQ(client().out, "out\n");
  EXPECT_EQ(client().err, "err\n");
  EXPECT_EQ(client().exit_status, 3);
  EXPECT_TRUE(client().eof);
  EXPECT_EQ(stage.broker.data(stage.broker.up, 0), "in\n");
  EXPECT_EQ(stage.broker.data(stage.broker.down, 0), "out\n");
  EXPECT_EQ(stage.broker.data(stage.broker.down, 0, 1), "err\n");
  const auto& eof = *std::find_if(stage.broker.up.begin(), stage.broker.up.end(), [](auto& e) { return e.has_eof(); });
  EXPECT_EQ(eof.eof().main_total(), 3u);
}

TEST_F(Session, TheStatusArrivesAfterTheClientsClose) {
  start();
  exec("make");
  ASSERT_TRUE(stage.client->connection().eof(at_client));
  ASSERT_TRUE(stage.target->connection().eof(at_target));
  ASSERT_TRUE(stage.until([&] { return client().eof; }));
  ASSERT_TRUE(stage.client->connection().close(at_client));  // as OpenSSH does once both have said EOF
  stage.target->on_message = [](const cs::ConnectionMessage& m) { return std::holds_alternative<cs::ChannelClose>(m); };
  ASSERT_TRUE(stage.until([&] { return stage.target->connection().channels().find(at_target)->close_in; }));
  ASSERT_TRUE(stage.target->connection().request(at_target, cs::ExitStatus{9}, cs::WantReply::no));
  ASSERT_TRUE(stage.target->connection().close(at_target));
  ASSERT_TRUE(stage.until([&] { return client().closed; }));
  EXPECT_EQ(client().exit_status, 9);
}

TEST_F(Session, RequestsAndAnswersKeepTheirOrder) {
  start();
  at_client = stage.open_session();
  auto& connection = stage.client->connection();
  ASSERT_TRUE(stage.until([&] { return client().confirmed; }));
  std::string answers;
  stage.client->on_message = [&](const cs::ConnectionMessage& m) {
    if (std::holds_alternative<cs::ChannelSuccess>(m)) answers += '+';
    if (std::holds_alternative<cs::ChannelFailure>(m)) answers += '-';
    return false;
  };
  const auto yes = cs::WantReply::yes;
  ASSERT_TRUE(connection.request(at_client, cs::PtyRequest{"xterm", 80, 24, 0, 0, {}}, yes));
  ASSERT_TRUE(connection.request(at_client, cs::EnvRequest{"LANG", "C"}, yes));
  ASSERT_TRUE(connection.request(at_client, cs::ChannelKeepalive{}, yes));
  ASSERT_TRUE(connection.request(at_client, cs::ShellRequest{}, yes));
  ASSERT_TRUE(connection.request(at_client, cs::WindowChange{100, 40, 0, 0}, cs::WantReply::no));
  ASSERT_TRUE(connection.request(at_client, cs::SignalRequest{"INT"}, cs::WantReply::no));
  ASSERT_TRUE(connection.request(at_client, cs::BreakRequest{500}, yes));
  ASSERT_TRUE(stage.until([&] { return requests.size() == 6 && answers.size() == 5; }));
  EXPECT_THAT(requests, ::testing::ElementsAre("pty-req", "env", "shell", "window-change", "signal", "break"));
  EXPECT_EQ(answers, "+--++");
}

TEST_F(Session, TypedBeforeTheTargetIsReadyArrivesLater) {
  stage.broker.target_ready = false;
  stage.add_front(run_front);
  stage.broker.start_front();
  stage.log_in();
  at_client = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return client().confirmed; }));
  ASSERT_TRUE(stage.client->connection().request(at_client, cs::ShellRequest{}, cs::WantReply::yes));
  const std::string typed = pattern(leg::ssh::kEarlyWindow, 1);
  push(*stage.client, at_client, cs::ChannelStream::main, typed);
  stage.settle();
  EXPECT_EQ(client().successes, 0) << "the target has not answered yet";
  EXPECT_EQ(stage.broker.data(stage.broker.up, 0), "") << "no data before the far leg granted any";
  stage.broker.target_ready = true;
  stage.add_back(run_back);
  stage.target->on_message = [this](const cs::ConnectionMessage& m) { return at_target_message(m); };
  stage.broker.start_back();
  ASSERT_TRUE(stage.until([&] { return stage.broker.live && target().out.size() == typed.size(); }));
  EXPECT_TRUE(target().out == typed);
  ASSERT_TRUE(stage.until([&] { return client().successes == 1; }));
  push(*stage.client, at_client, cs::ChannelStream::main, "more");
  ASSERT_TRUE(stage.until([&] { return target().out.size() == typed.size() + 4; }));
}

TEST_F(Session, WhatIsAskedOfAChannelThatTheTargetNeverOpensIsBounded) {
  stage.broker.target_ready = false;
  stage.add_front(run_front);
  stage.broker.start_front();
  stage.log_in();
  at_client = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return client().confirmed; }));
  stage.broker.target_ready = true;
  stage.add_back(run_back);
  bool asked = false;
  stage.target->on_message = [&](const cs::ConnectionMessage& m) {
    return asked |= std::holds_alternative<cs::ChannelOpen>(m);
  };
  stage.broker.start_back();
  ASSERT_TRUE(stage.until([&] { return stage.broker.live && asked; }));
  const std::string value(8 * 1024, 'v');
  const auto ask = [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) {
      ASSERT_TRUE(stage.client->connection().request(at_client, cs::EnvRequest{"LANG", value}, cs::WantReply::no));
      stage.settle();
    }
  };
  ask(leg::ssh::kMaxHeldEventBytes / value.size() - 2);
  ASSERT_EQ(stage.broker.back_ended, "");
  ask(4);
  ASSERT_TRUE(stage.until([&] { return !stage.broker.back_ended.empty(); }));
  EXPECT_NE(stage.broker.back_ended.find("does not open"), std::string::npos) << stage.broker.back_ended;
}

TEST_F(Session, TheTargetsOwnChannelsAndAnnouncementsReachTheBroker) {
  start();
  auto id = stage.target->connection().open(cs::OpenForwardedTcpip{"localhost", 80, "10.0.0.9", 1234}, 1 << 20, 32768);
  ASSERT_TRUE(id);
  stage.client->on_message = [&](const cs::ConnectionMessage& m) {
    const auto* open = std::get_if<cs::ChannelOpen>(&m);
    if (open == nullptr) return false;
    at_client = open->sender;
    EXPECT_EQ(open->type, "forwarded-tcpip");
    return stage.client->connection().confirm(open->sender, 1 << 20, 32768).has_value();
  };
  ASSERT_TRUE(stage.until([&] { return stage.target->got[*id].confirmed; }));
  EXPECT_EQ(stage.broker.down.front().channel_open().channel(), 1u);
  at_target = *id;
  push(*stage.target, *id, cs::ChannelStream::main, "GET /");
  push(*stage.client, at_client, cs::ChannelStream::main, "200");
  ASSERT_TRUE(stage.until([&] { return client().out == "GET /" && target().out == "200"; }));
}

TEST_F(Session, GlobalRequestsAreAnsweredInOrder) {
  start();
  std::string answers;
  stage.client->on_message = [&](const cs::ConnectionMessage& m) {
    if (std::holds_alternative<cs::RequestSuccess>(m)) answers += '+';
    if (std::holds_alternative<cs::RequestFailure>(m)) answers += '-';
    return false;
  };
  stage.target->on_message = [&](const cs::ConnectionMessage& m) {
    const auto* request = std::get_if<cs::GlobalRequest>(&m);
    if (request == nullptr) return false;
    EXPECT_EQ(request->name, "tcpip-forward");
    const auto port = cs::encode_forwarded_port(4711);
    return stage.target->connection().global_reply(cs::Reply::success, port).has_value();
  };
  auto& connection = stage.client->connection();
  ASSERT_TRUE(connection.global_request(cs::TcpipForward{"", 0}, cs::WantReply::yes));
  ASSERT_TRUE(connection.global_request(cs::KeepaliveRequest{}, cs::WantReply::yes));
  ASSERT_TRUE(stage.until([&] { return answers.size() == 2; }));
  EXPECT_EQ(answers, "+-");
}

TEST_F(Session, ATargetThatAnswersNothingIsGivenUp) {
  ipc::BackStart back;
  back.set_keepalive_seconds(1);
  start({}, back);
  stage.target->reading = false;
  ASSERT_TRUE(stage.until([&] { return stage.broker.back_gone; }));
  EXPECT_EQ(stage.broker.back_ended, "the target does not answer");
}

TEST_F(Session, AClientThatAnswersNothingIsGivenUp) {
  ipc::FrontStart front;
  front.set_keepalive_seconds(1);
  front.set_keepalive_unanswered(2);
  start({}, {}, front);
  stage.client->reading = false;
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  EXPECT_EQ(stage.broker.front_ended, "the client does not answer");
}

TEST_F(Session, AClientThatOnlyAnswersLives) {
  ipc::FrontStart front;
  front.set_keepalive_seconds(1);
  front.set_keepalive_unanswered(1);
  start({}, {}, front);
  int asked = 0;
  stage.client->on_message = [&](const cs::ConnectionMessage& m) {
    if (!std::holds_alternative<cs::GlobalRequest>(m)) return false;
    ++asked;
    (void)stage.client->transport().reject_last_message();
    return true;
  };
  ASSERT_TRUE(stage.until([&] { return asked == 3 || stage.broker.front_gone; }));
  EXPECT_FALSE(stage.broker.front_gone) << stage.broker.front_ended;
}

// Some answer a keepalive so; it is a sign of life like any other.
TEST_F(Session, ATargetThatKnowsNoKeepaliveLives) {
  ipc::BackStart back;
  back.set_keepalive_seconds(1);
  start({}, back);
  int asked = 0;
  stage.target->on_message = [&](const cs::ConnectionMessage& m) {
    if (!std::holds_alternative<cs::GlobalRequest>(m)) return false;
    ++asked;
    (void)stage.target->transport().reject_last_message();
    return true;
  };
  // More than it would take to give up a silent one.
  ASSERT_TRUE(stage.until([&] { return asked == 4 || stage.broker.back_gone; }));
  EXPECT_FALSE(stage.broker.back_gone) << stage.broker.back_ended;
}

TEST_F(Session, ARefusedLoginIsToldAndEnds) {
  stage.add_back(run_back);
  stage.accept_login = false;
  auto& target = *stage.target;
  const auto accept = target.on_auth;
  target.on_auth = [&](base::ByteView p) {
    accept(p);
    if (!cs::is(p, cs::MessageNumber::userauth_request)) return;
    (void)target.transport().send(encode(cs::UserauthFailure{{"publickey"}, false}));
  };
  stage.broker.start_back();
  ASSERT_TRUE(stage.until([&] { return stage.login_requests.size() == 2; }));
  EXPECT_THAT(base::to_text(stage.login_requests[0]), ::testing::HasSubstr("target-password"));
  const auto& wanted = stage.broker.from_back.back().login_wanted();
  EXPECT_EQ(wanted.methods(0), "publickey");
  ipc::BrokerToBack give_up;
  ASSERT_TRUE(stage.until([&] { return stage.broker.from_back.back().has_login_wanted(); }));
  EXPECT_FALSE(stage.broker.live);
}

}  // namespace
}  // namespace sallyport::back::ssh
