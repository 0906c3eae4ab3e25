// SPDX-License-Identifier: Apache-2.0
// A front beside a target: evidence, requests and windows.
#include "front/ssh/front_worker.h"

#include "front/ssh/front_fixture_test.h"

namespace sallyport::front::ssh {
namespace {

TEST_F(Front, CarriesCommandsAsLongAsAServerTakesAndSaysWhyItDoesNot) {
  start_live();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  const std::string command(250'000, 'x');
  ASSERT_TRUE(connection().request(channel, cs::ExecRequest{command}, cs::WantReply::yes));
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 2; }));
  EXPECT_EQ(stage.broker.up[1].request().exec().command(), command);
  ASSERT_TRUE(connection().request(channel, cs::ExecRequest{std::string(260'100, 'x')}, cs::WantReply::yes));
  event::Event answer;
  answer.mutable_channel_opened()->set_channel(0);
  answer.mutable_channel_opened()->set_window(1000);
  stage.broker.event_to_front(answer);
  answer.mutable_request_answer()->set_channel(0);
  answer.mutable_request_answer()->set_ok(true);
  stage.broker.event_to_front(answer);
  ASSERT_TRUE(stage.until([&] { return got().failures == 1; }));
  EXPECT_EQ(got().successes, 1);
  EXPECT_EQ(got().err, "Sallyport: a request of more than 254 KiB is not carried.\n");
  EXPECT_EQ(stage.broker.up.size(), 2u);
}

// OpenSSH's client ends at the refusal: what it has not written by then nobody reads. A client that answers no question
// hears the refusal all the same.
TEST_F(Front, AReasonIsSeenBeforeTheRefusal) {
  start_live();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  for (const bool answers : {true, false}) {
    std::string order;
    stage.client->on_message = [&](const cs::ConnectionMessage& m) {
      if (std::holds_alternative<cs::ChannelExtendedData>(m)) order += 't';
      if (std::holds_alternative<cs::ChannelFailure>(m)) order += 'f';
      if (!std::holds_alternative<cs::ChannelRequest>(m)) return false;
      order += 'q';
      if (answers) {
        EXPECT_TRUE(connection().reply(channel, cs::Reply::failure));
      }
      return true;
    };
    ASSERT_TRUE(connection().request(channel, cs::ExecRequest{"mosh-server"}, cs::WantReply::yes));
    const std::size_t events = stage.broker.up.size();
    ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() > events; }));
    ipc::BrokerToFront m;
    m.mutable_notice()->set_text("Sallyport: no.");
    m.mutable_notice()->set_one_channel(true);
    stage.broker.tell_front(m);
    event::Event answer;
    answer.mutable_request_answer()->set_channel(0);
    stage.broker.event_to_front(answer);
    ASSERT_TRUE(stage.until([&] { return order.find('f') != std::string::npos; }));
    EXPECT_EQ(order, "tqf");
  }
  EXPECT_EQ(got().err, "Sallyport: no.\nSallyport: no.\n");
}

TEST_F(Front, KeepsWhatTheBrokerDoesNotTakeAndReadsNoFurtherThanItKeeps) {
  start_live();
  shell();
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 3; }));
  const auto hold = [&](bool on) {
    ipc::BrokerToFront m;
    m.mutable_hold_events()->set_hold(on);
    stage.broker.tell_front(m);
  };
  hold(true);
  stage.settle();
  const std::string value(8000, 'v');
  std::size_t asked = 0;
  const auto flood = [&] {
    if (asked == 2000 || !stage.client->transport().out_view().empty()) return;
    if (connection().request(channel, cs::EnvRequest{"NAME", value}, cs::WantReply::no)) ++asked;
  };
  ASSERT_TRUE(stage.until([&] {
    flood();
    return asked * value.size() > 4'000'000;
  }));
  for (int i = 0; i < 400; ++i) {
    flood();
    stage.step();
  }
  EXPECT_LT(asked, 900u) << "the client must feel that nobody reads";
  EXPECT_EQ(stage.broker.up.size(), 3u);
  hold(false);
  ASSERT_TRUE(stage.until([&] {
    flood();
    return stage.broker.up.size() == 2003;
  }));
}

// The password of a suspended session's user is no event.
TEST_F(Front, APasswordPassesWhatIsKept) {
  start_live();
  shell();
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 3; }));
  ipc::BrokerToFront m;
  m.mutable_hold_events()->set_hold(true);
  stage.broker.tell_front(m);
  stage.settle();
  const std::string value(8000, 'v');
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(connection().request(channel, cs::EnvRequest{"NAME", value}, cs::WantReply::no));
  }
  m.mutable_ask_password()->set_prompt("Password: ");
  stage.broker.tell_front(m);
  ASSERT_TRUE(stage.until([&] { return got().out.find("Password") != std::string::npos; }));
  type("sesame\r");
  EXPECT_EQ(wait_for(ipc::FrontToBroker::kReauthenticate).reauthenticate().password(), "sesame");
  EXPECT_EQ(stage.broker.up.size(), 3u);
}

TEST_F(Front, TellsTheClientsSoftwareOnce) {
  start_live();
  EXPECT_THAT(find(ipc::FrontToBroker::kClientSoftware)->client_software().version(), HasSubstr("SSH-2.0-"));
  EXPECT_EQ(stage.broker.from_front[0].kind_case(), ipc::FrontToBroker::kClientSoftware);
}

TEST_F(Front, RelaysEvidenceAndItsVerdicts) {
  start();
  std::vector<std::string> methods;
  stage.broker.on_auth = [&](const ipc::AuthRequest& r) {
    methods.push_back(r.method());
    ipc::AuthReply reply;
    if (r.has_public_key() && !r.public_key().has_signature()) {
      reply.mutable_key_acceptable()->set_algorithm(r.public_key().algorithm());
      reply.mutable_key_acceptable()->set_blob(r.public_key().blob());
    } else if (r.has_password()) {
      EXPECT_EQ(r.password().password(), "sesame");
      reply.mutable_success();
    } else {
      reply.mutable_failure()->add_methods("publickey");
      reply.mutable_failure()->add_methods("password");
    }
    reply.set_banner("notice");
    return reply;
  };
  auto& t = stage.client->transport();
  ASSERT_TRUE(t.send(encode(cs::ServiceRequest{"ssh-userauth"})));
  const auto request = [&](std::string_view name, cs::UserauthMethod method) {
    ASSERT_TRUE(t.send(encode(cs::UserauthRequest{"al\xff", "ssh-connection", name, std::move(method)}).view()));
  };
  // All sent ahead: they are judged one by one.
  request("none", cs::MethodNone{});
  request("publickey", cs::MethodPublickey{"ssh-ed25519", base::view("blob"), std::nullopt, false, {}});
  request("password", cs::MethodPassword{base::view("sesame"), std::nullopt});
  ASSERT_TRUE(stage.until([&] { return stage.client->live(); }));
  EXPECT_THAT(methods, ::testing::ElementsAre("none", "publickey", "password"));
  std::vector<int> numbers;
  for (const auto& p : stage.auth_replies) numbers.push_back(p[0]);
  EXPECT_THAT(numbers, ::testing::ElementsAre(6, 53, 51, 53, 60, 53, 52));
  EXPECT_EQ(find(ipc::FrontToBroker::kAuthRequest)->auth_request().user(), "al\xff") << "raw, as it came";
}

TEST_F(Front, AsksInteractively) {
  start();
  stage.broker.on_auth = [&](const ipc::AuthRequest&) {
    ipc::AuthReply reply;
    reply.mutable_prompts()->set_name("Code");
    reply.mutable_prompts()->add_prompt()->set_text("Code: ");
    return reply;
  };
  auto& t = stage.client->transport();
  ASSERT_TRUE(t.send(encode(cs::ServiceRequest{"ssh-userauth"})));
  ASSERT_TRUE(t.send(encode(cs::UserauthRequest{"alice", "ssh-connection", "keyboard-interactive",
                                                cs::MethodKeyboardInteractive{"", ""}})
                         .view()));
  ASSERT_TRUE(stage.until([&] { return stage.auth_replies.size() == 2; }));
  const auto asked = cs::decode_userauth_info_request(stage.auth_replies[1]);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->prompts[0].text, "Code: ");
  ASSERT_TRUE(t.send(encode(cs::UserauthInfoResponse{{base::view("123456")}}).view()));
  EXPECT_EQ(wait_for(ipc::FrontToBroker::kAuthAnswers).auth_answers().answers(0), "123456");
}

TEST_F(Front, ConnectionMessagesBeforeLoginEndIt) {
  start();
  base::Bytes payload;
  cs::encode(cs::GlobalRequest{"keepalive@openssh.com", cs::WantReply::yes, cs::OtherGlobalRequest{}, {}}, payload);
  ASSERT_TRUE(stage.client->transport().send(payload));
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  EXPECT_NE(stage.broker.front_ended, "");
}

TEST_F(Front, KeysTypedAtThePasswordPromptGoToItAlone) {
  start_live();
  shell();
  event::Event opened;
  opened.mutable_channel_opened()->set_channel(0);
  opened.mutable_channel_opened()->set_window(100'000);
  stage.broker.event_to_front(opened);
  type("before");
  ASSERT_TRUE(stage.until([&] { return stage.broker.data(stage.broker.up, 0) == "before"; }));
  ipc::BrokerToFront ask;
  ask.mutable_ask_password()->set_prompt("Password: ");
  stage.broker.tell_front(ask);
  ASSERT_TRUE(stage.until([&] { return got().out.find("Password: ") != std::string::npos; }));
  type("secret\r");
  EXPECT_EQ(wait_for(ipc::FrontToBroker::kReauthenticate).reauthenticate().password(), "secret");
  type("secret\r");  // impatient
  stage.settle();
  ipc::BrokerToFront resumed;
  resumed.mutable_notice()->set_text("goes on");
  resumed.mutable_notice()->set_resumes(true);
  stage.broker.tell_front(resumed);
  ASSERT_TRUE(stage.until([&] { return got().out.find("goes on") != std::string::npos; }));
  type("after");
  ASSERT_TRUE(stage.until([&] { return stage.broker.data(stage.broker.up, 0) == "beforeafter"; }));
  EXPECT_EQ(got().out.find("secret"), std::string::npos) << "no echo";
}

TEST_F(Front, AChannelRefusedAfterItWasConfirmedSaysWhy) {
  start_live();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  ASSERT_TRUE(connection().request(channel, cs::ExecRequest{"id"}, cs::WantReply::yes));
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 2; }));
  event::Event refused;
  refused.mutable_channel_refused()->set_channel(0);
  refused.mutable_channel_refused()->set_text("too many sessions");
  stage.broker.event_to_front(refused);
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_EQ(got().err, "too many sessions\n");
  EXPECT_EQ(got().exit_status, 1);
}

TEST_F(Front, ChannelsOpenedOnceTheTargetIsThereGetItsOwnAnswer) {
  start_live();
  ipc::BrokerToFront ready;
  ready.mutable_target_ready();
  stage.broker.tell_front(ready);
  stage.settle();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 1; }));
  EXPECT_FALSE(got().confirmed);
  event::Event refused;
  refused.mutable_channel_refused()->set_channel(0);
  refused.mutable_channel_refused()->set_reason(1);
  refused.mutable_channel_refused()->set_text("open failed");
  stage.broker.event_to_front(refused);
  ASSERT_TRUE(stage.until([&] { return got().refused; }));
  EXPECT_EQ(got().refusal, "open failed");
}

// The broker holds events while the gate is shut, and no credits.
TEST_F(Front, ACreditThatOvertakesTheOpeningIsKept) {
  start_live();
  shell(nullptr);
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 2; }));
  ipc::BrokerToFront credit;
  credit.mutable_credit()->set_bytes(100'000);
  stage.broker.tell_front(credit);
  event::Event opened;
  opened.mutable_channel_opened();  // with no window, as OpenSSH does
  stage.broker.event_to_front(opened);
  type("ls");
  ASSERT_TRUE(stage.until([&] { return stage.broker.data(stage.broker.up, 0) == "ls"; }));
}

TEST_F(Front, ACreditThatOvertakesTheConfirmationWidensIt) {
  start_live();
  ipc::BrokerToFront m;
  m.mutable_target_ready();
  stage.broker.tell_front(m);
  stage.settle();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 1; }));
  m.mutable_credit()->set_bytes(100'000);
  stage.broker.tell_front(m);
  event::Event opened;
  opened.mutable_channel_opened()->set_window(5);
  stage.broker.event_to_front(opened);
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  EXPECT_EQ(connection().channels().find(channel)->out_window, 100'005u);
}

TEST_F(Front, ACloseIsToldThoughBytesWaitForCredit) {
  start_live();
  shell(nullptr);
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 2; }));
  event::Event event;
  event.mutable_channel_opened()->set_window(3);
  stage.broker.event_to_front(event);
  type("too much");
  ASSERT_TRUE(connection().close(channel));
  stage.settle();
  EXPECT_FALSE(stage.broker.up.back().has_close());
  event.mutable_close();
  stage.broker.event_to_front(event);
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.back().has_close(); }));
  EXPECT_EQ(stage.broker.up.back().close().main_total(), 3u) << "what went on";
  ASSERT_TRUE(stage.until([&] { return connection().channels().find(channel) == nullptr; }));
}

TEST_F(Front, WhatPuttyAsksEveryServerIsAnsweredHere) {
  start_live();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  const auto yes = cs::WantReply::yes;
  ASSERT_TRUE(connection().request(channel, "simple@putty.projects.tartarus.org", {}, cs::WantReply::no));
  ASSERT_TRUE(connection().request(channel, "winadj@putty.projects.tartarus.org", {}, yes));
  ASSERT_TRUE(stage.until([&] { return got().failures == 1; }));
  EXPECT_EQ(stage.broker.up.size(), 1u) << "the channel's opening alone";
}

TEST_F(Front, DataBeyondItsGrantEndsTheWorkerAlone) {
  start_live();
  channel = stage.open_session(1000);
  event::Event opened;
  opened.mutable_channel_opened()->set_channel(0);
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 1; }));
  EXPECT_EQ(stage.broker.up[0].channel_open().window(), 1000u);
  stage.broker.event_to_front(opened);
  event::Event data;
  data.mutable_data()->set_bytes(std::string(1001, 'x'));
  stage.broker.event_to_front(data);
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  EXPECT_THAT(stage.broker.front_ended, HasSubstr("beyond what was granted"));
}

}  // namespace
}  // namespace sallyport::front::ssh
