// SPDX-License-Identifier: Apache-2.0
// A front between a client and the least of a broker: what it does by itself, before and beside a target.
#include "front/ssh/front_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "leg/ssh/stage_test.h"

namespace sallyport::front::ssh {
namespace {

using leg::ssh::testing::Got;
using leg::ssh::testing::Stage;
using ::testing::HasSubstr;
namespace cs = codec::ssh;

int run_front(leg::WorkerSockets sockets) {
  base::SystemClock clock;
  base::SystemRandom random;
  return FrontWorker(sockets, clock, random).run();
}

struct Front : ::testing::Test {
  Stage stage;
  cs::ChannelId channel = 0;

  void start() {
    stage.add_front(run_front);
    stage.broker.start_front();
  }
  void start_live() {
    start();
    stage.log_in();
  }
  cs::Connection& connection() { return stage.client->connection(); }
  Got& got() { return stage.client->got[channel]; }
  void shell(const char* term = "xterm") {
    channel = stage.open_session();
    ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
    if (term != nullptr) {
      ASSERT_TRUE(connection().request(channel, cs::PtyRequest{term, 80, 24, 0, 0, {}}, cs::WantReply::yes));
    }
    ASSERT_TRUE(connection().request(channel, cs::ShellRequest{}, cs::WantReply::yes));
  }
  void type(std::string_view keys) {
    auto n = connection().send_data(channel, cs::ChannelStream::main, base::view(keys));
    ASSERT_TRUE(n);
    ASSERT_EQ(*n, keys.size());
  }
  void offer_menu() {
    ipc::BrokerToFront m;
    auto* c = m.mutable_menu()->add_choices();
    c->set_account("deploy");
    c->set_target("web1");
    c = m.mutable_menu()->add_choices();
    c->set_account("root");
    c->set_target("db1");
    stage.broker.tell_front(m);
  }
  void refuse(const char* text) {
    ipc::BrokerToFront m;
    m.mutable_refused()->set_text(text);
    m.mutable_refused()->set_exit_status(255);
    stage.broker.tell_front(m);
  }
  const ipc::FrontToBroker* find(ipc::FrontToBroker::KindCase kind) {
    for (const auto& m : stage.broker.from_front) {
      if (m.kind_case() == kind) return &m;
    }
    return nullptr;
  }
  const ipc::FrontToBroker& wait_for(ipc::FrontToBroker::KindCase kind) {
    EXPECT_TRUE(stage.until([&] { return find(kind) != nullptr; }));
    return *find(kind);
  }
};

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

TEST_F(Front, ARefusalIsShownOnStderr) {
  start_live();
  const auto forward = connection().open(cs::OpenDirectTcpip{"web1", 22, "", 0}, 1 << 20, 32768);
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  ASSERT_TRUE(connection().request(channel, cs::ExecRequest{"id"}, cs::WantReply::yes));
  refuse("No.\nAsk \x1b[31mBob.");
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_EQ(got().err, "No.\nAsk \\x1b[31mBob.\n");
  EXPECT_EQ(stage.client->got[*forward].refusal, "No.\\x0aAsk \\x1b[31mBob.");
  EXPECT_EQ(got().out, "");
  EXPECT_EQ(got().exit_status, 255);
  EXPECT_EQ(got().successes, 1);
  ASSERT_TRUE(stage.until([&] { return stage.client->closed(); }));
}

TEST_F(Front, ARefusalWaitsForTheFirstProgram) {
  start_live();
  refuse("No.");
  shell();
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_EQ(got().out, "No.\r\n");
  EXPECT_EQ(got().exit_status, 255);
}

TEST_F(Front, ARefusalWithoutAnyChannelDisconnects) {
  start_live();
  refuse("No\x1b[m.");
  ASSERT_TRUE(stage.until([&] { return stage.client->disconnected; }));
  EXPECT_EQ(stage.client->error, "No\\x1b[m.");
}

TEST_F(Front, NothingReachesTheBrokerBeforeTheMenusChoice) {
  stage.broker.needs_menu = true;
  start_live();
  offer_menu();
  shell();
  ASSERT_TRUE(stage.until([&] { return got().out.find("root@db1") != std::string::npos; }));
  EXPECT_EQ(got().successes, 2) << "a client waits for these";
  ASSERT_TRUE(connection().request(channel, cs::WindowChange{90, 30, 0, 0}, cs::WantReply::no));
  type("db");
  stage.settle();
  EXPECT_TRUE(stage.broker.up.empty());
  type("\r");
  EXPECT_EQ(wait_for(ipc::FrontToBroker::kMenuChoice).menu_choice().index(), 1u);
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 4; }));
  EXPECT_TRUE(stage.broker.up[0].has_channel_open());
  EXPECT_TRUE(stage.broker.up[1].request().has_pty());
  EXPECT_TRUE(stage.broker.up[2].request().has_shell());
  EXPECT_EQ(stage.broker.up[3].request().window_change().columns(), 90u);
  type("ls\r");
  event::Event opened;
  opened.mutable_channel_opened()->set_channel(0);
  opened.mutable_channel_opened()->set_window(1000);
  stage.broker.event_to_front(opened);
  ASSERT_TRUE(stage.until([&] { return stage.broker.data(stage.broker.up, 0) == "ls\r"; }));
}

TEST_F(Front, LeavingTheMenuEnds) {
  stage.broker.needs_menu = true;
  start_live();
  offer_menu();
  shell("dumb");
  ASSERT_TRUE(stage.until([&] { return got().out.find("2) root@db1") != std::string::npos; }));
  type("\x03");
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_TRUE(wait_for(ipc::FrontToBroker::kMenuChoice).menu_choice().cancelled());
  EXPECT_EQ(got().exit_status, 130);
}

TEST_F(Front, WithoutATargetACommandIsTold) {
  stage.broker.needs_menu = true;
  start_live();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  ASSERT_TRUE(connection().request(channel, cs::ExecRequest{"id"}, cs::WantReply::yes));
  stage.settle();
  offer_menu();
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_THAT(got().err, HasSubstr("deploy@web1"));
  EXPECT_EQ(got().exit_status, 1);
  EXPECT_TRUE(stage.broker.up.empty());
}

TEST_F(Front, ServiceCommandsAreTheBrokers) {
  stage.broker.needs_menu = true;
  start_live();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  ASSERT_TRUE(connection().request(channel, cs::ExecRequest{"resume abc"}, cs::WantReply::yes));
  EXPECT_EQ(wait_for(ipc::FrontToBroker::kServiceCommand).service_command().command(), "resume abc");
  ipc::BrokerToFront m;
  m.mutable_service_reply()->set_number(find(ipc::FrontToBroker::kServiceCommand)->service_command().number());
  m.mutable_service_reply()->set_text("it goes on");
  stage.broker.tell_front(m);
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_EQ(got().err, "it goes on\n");
  EXPECT_EQ(got().exit_status, 0);
}

TEST_F(Front, JumpsAreBridgedByteForByte) {
  stage.broker.needs_menu = true;
  start_live();
  offer_menu();
  auto id = connection().open(cs::OpenDirectTcpip{"web1", 22, "127.0.0.1", 4000}, 1 << 20, 32768);
  ASSERT_TRUE(id);
  channel = *id;
  const auto& open = wait_for(ipc::FrontToBroker::kJumpOpen).jump_open();
  EXPECT_EQ(open.host(), "web1");
  auto pair = leg::ssh::testing::stream_pair(4096);
  base::Fd &ours = pair.first, &theirs = pair.second;
  ipc::BrokerToFront reply;
  reply.mutable_jump_reply()->set_number(open.number());
  reply.mutable_jump_reply()->set_ok(true);
  const int fd = theirs.get();
  stage.broker.tell_front(reply, {&fd, 1});
  stage.broker.step();
  theirs.reset();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  std::string sent(300'000, '\0'), at_inner, from_inner(300'000, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) {
    sent[i] = static_cast<char>(i * 7);
    from_inner[i] = static_cast<char>(i * 13);
  }
  std::size_t client_sent = 0, inner_sent = 0;
  ASSERT_TRUE(stage.until([&] {
    auto n = connection().send_data(channel, cs::ChannelStream::main, base::view(sent).subspan(client_sent));
    if (n) client_sent += *n;
    char buffer[5000];
    const auto got_n = ::recv(ours.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got_n > 0) at_inner.append(buffer, static_cast<std::size_t>(got_n));
    if (inner_sent < from_inner.size()) {
      const auto put = ::send(ours.get(), from_inner.data() + inner_sent, from_inner.size() - inner_sent, MSG_DONTWAIT);
      if (put > 0) inner_sent += static_cast<std::size_t>(put);
    }
    return at_inner.size() == sent.size() && got().bytes == from_inner.size();
  }));
  EXPECT_TRUE(at_inner == sent);
  EXPECT_TRUE(got().out == from_inner);
  ours.reset();
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_TRUE(stage.broker.up.empty());
}

TEST_F(Front, ARefusedJumpSaysWhy) {
  stage.broker.needs_menu = true;
  start_live();
  auto id = connection().open(cs::OpenDirectTcpip{"evil", 22, "", 0}, 1 << 20, 32768);
  ASSERT_TRUE(id);
  channel = *id;
  ipc::BrokerToFront reply;
  reply.mutable_jump_reply()->set_number(wait_for(ipc::FrontToBroker::kJumpOpen).jump_open().number());
  reply.mutable_jump_reply()->set_reason("no such target\x1b[2J\n");
  stage.broker.tell_front(reply);
  ASSERT_TRUE(stage.until([&] { return got().refused; }));
  EXPECT_EQ(got().refusal, "no such target\\x1b[2J\\x0a");
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

TEST_F(Front, TerminateShowsItsTextAndEndsAtOnce) {
  start_live();
  shell(nullptr);
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 2; }));
  ipc::BrokerToFront m;
  m.mutable_terminate()->set_text("over and out");
  stage.broker.tell_front(m);
  const auto began = stage.clock.monotonic_us();
  ASSERT_TRUE(stage.until([&] { return stage.client->disconnected; }));
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  EXPECT_LT(stage.clock.monotonic_us() - began, 1'000'000);
  EXPECT_EQ(got().err, "over and out\n");
  EXPECT_TRUE(got().closed);
  EXPECT_EQ(stage.broker.front_ended, "terminated");
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
