// SPDX-License-Identifier: Apache-2.0
// What a front does by itself while there is no target: refusals, the menu, jumps, commands for Sallyport.
#include <time.h>
#include <unistd.h>

#include "front/ssh/front_fixture_test.h"

namespace sallyport::front::ssh {
namespace {

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

// The first session is confirmed at once, for clients that lose patience; the others hear what the target says.
TEST_F(Front, OnlyTheFirstSessionIsConfirmedBeforeTheTargetIsThere) {
  start_live();
  shell();
  const cs::ChannelId second = stage.open_session(), third = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 5; }));
  stage.settle();
  EXPECT_FALSE(stage.client->got[second].confirmed);
  event::Event answer;
  answer.mutable_channel_refused()->set_channel(2);
  answer.mutable_channel_refused()->set_reason(4);
  answer.mutable_channel_refused()->set_text("open failed");
  stage.broker.event_to_front(answer);
  answer.mutable_channel_opened()->set_channel(4);
  answer.mutable_channel_opened()->set_window(1000);
  stage.broker.event_to_front(answer);
  ASSERT_TRUE(stage.until([&] { return stage.client->got[third].confirmed; }));
  EXPECT_TRUE(stage.client->got[second].refused);
  EXPECT_EQ(stage.client->got[second].refusal, "open failed");
  EXPECT_FALSE(stage.client->got[second].confirmed);
}

TEST_F(Front, ARefusalAnswersTheSessionsThatWaitForTheTarget) {
  start_live();
  shell();
  const cs::ChannelId second = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 4; }));
  refuse("No.");
  ASSERT_TRUE(stage.until([&] { return got().closed && stage.client->got[second].refused; }));
  EXPECT_EQ(got().out, "No.\r\n");
  EXPECT_EQ(stage.client->got[second].refusal, "No.");
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

TEST_F(Front, RequestsBeforeTheMenusChoiceAreBounded) {
  stage.broker.needs_menu = true;
  start_live();
  channel = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return got().confirmed; }));
  const std::string value(4000, 'v');
  int asked = 0;
  ASSERT_TRUE(stage.until([&] {
    if (connection().request(channel, cs::EnvRequest{"NAME", value}, cs::WantReply::no)) ++asked;
    return stage.client->disconnected;
  }));
  EXPECT_GT(asked, 50);
  EXPECT_THAT(stage.client->error, HasSubstr("too many requests"));
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
}

TEST_F(Front, LeavingTheMenuEnds) {
  stage.broker.needs_menu = true;
  start_live();
  offer_menu();
  shell("dumb");
  ASSERT_TRUE(stage.until([&] { return got().out.find("2) root@db1") != std::string::npos; }));
  type("\x03");
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_EQ(got().exit_status, 130);
}

TEST_F(Front, LeavingTheMenuLeavesItToTheNextChannel) {
  stage.broker.needs_menu = true;
  start_live();
  offer_menu();
  shell("dumb");
  auto first = channel;
  ASSERT_TRUE(stage.until([&] { return got().out.find("2) root@db1") != std::string::npos; }));
  shell("dumb");  // waits behind it
  stage.settle();
  EXPECT_EQ(got().out, "");
  std::swap(channel, first);
  type("\x03");
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  std::swap(channel, first);
  ASSERT_TRUE(stage.until([&] { return got().out.find("2) root@db1") != std::string::npos; }));
  type("\x03");
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  stage.client->got.clear();  // numbers are used again
  shell("dumb");              // and so does one that comes later
  ASSERT_TRUE(stage.until([&] { return got().out.find("2) root@db1") != std::string::npos; }));
  EXPECT_EQ(find(ipc::FrontToBroker::kMenuChoice), nullptr) << "the broker takes one choice";
  type("2\r");
  EXPECT_EQ(wait_for(ipc::FrontToBroker::kMenuChoice).menu_choice().index(), 1u);
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

std::int64_t cpu_us() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
}

TEST_F(Front, AnInnerLegThatIsGoneCostsNothingUntilTheClientReads) {
  stage.broker.needs_menu = true;
  start_live();
  auto id = connection().open(cs::OpenDirectTcpip{"web1", 22, "127.0.0.1", 4000}, 10'000, 32768);
  ASSERT_TRUE(id);
  channel = *id;
  auto [ours, theirs] = leg::ssh::testing::stream_pair();
  ipc::BrokerToFront reply;
  reply.mutable_jump_reply()->set_number(wait_for(ipc::FrontToBroker::kJumpOpen).jump_open().number());
  reply.mutable_jump_reply()->set_ok(true);
  const int fd = theirs.get();
  stage.broker.tell_front(reply, {&fd, 1});
  stage.broker.step();
  theirs.reset();
  stage.client->consuming = false;
  const std::string last(30'000, 'x');
  ASSERT_EQ(::send(ours.get(), last.data(), last.size(), 0), static_cast<ssize_t>(last.size()));
  ours.reset();
  ASSERT_TRUE(stage.until([&] { return got().bytes == 10'000; }));
  const auto before = cpu_us();
  ::usleep(300'000);
  EXPECT_LT(cpu_us() - before, 100'000);
  stage.client->consuming = true;
  ASSERT_TRUE(connection().consumed(channel, 10'000));
  ASSERT_TRUE(stage.until([&] { return got().closed; }));
  EXPECT_EQ(got().bytes, last.size());
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

}  // namespace
}  // namespace sallyport::front::ssh
