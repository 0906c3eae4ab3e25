// SPDX-License-Identifier: Apache-2.0
// A front and a back joined by the least of a broker: whatever a client and a target say to each other arrives, in
// order, and nothing arrives that the broker did not have first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "back/ssh/back_worker.h"
#include "front/ssh/front_worker.h"
#include "leg/ssh/stage_test.h"

namespace sallyport::back::ssh {
namespace {

using leg::ssh::testing::Got;
using leg::ssh::testing::Stage;
namespace cs = codec::ssh;

int run_front(leg::WorkerSockets sockets) {
  base::SystemClock clock;
  base::SystemRandom random;
  return front::ssh::FrontWorker(sockets, clock, random).run();
}

int run_back(leg::WorkerSockets sockets) {
  base::SystemClock clock;
  base::SystemRandom random;
  return BackWorker(sockets, clock, random).run();
}

std::string pattern(std::size_t bytes, unsigned seed) {
  std::string out(bytes, '\0');
  std::uint32_t x = seed * 2654435761u + 1;
  for (auto& c : out) {
    x = x * 1664525u + 1013904223u;
    c = static_cast<char>(x >> 24);
  }
  return out;
}

struct Session : ::testing::Test {
  Stage stage;
  cs::ChannelId at_client = 0, at_target = 0;
  std::vector<std::string> requests;

  void start(cs::TransportConfig client = {}, ipc::BackStart back = {}, ipc::FrontStart front = {}) {
    stage.add_front(run_front, std::move(client));
    stage.add_back(run_back);
    stage.target->on_message = [this](const cs::ConnectionMessage& m) { return at_target_message(m); };
    stage.broker.start_front(front);
    stage.log_in();
    if (::testing::Test::HasFatalFailure()) return;
    if (!back.has_algorithms()) back.mutable_algorithms()->add_ciphers("aes128-gcm@openssh.com");
    stage.broker.start_back(back);
    ASSERT_TRUE(stage.until([&] { return stage.broker.live || !stage.broker.fault.empty(); }));
    ASSERT_EQ(stage.broker.fault, "");
  }

  bool at_target_message(const cs::ConnectionMessage& m) {
    auto& connection = stage.target->connection();
    if (const auto* open = std::get_if<cs::ChannelOpen>(&m)) {
      at_target = open->sender;
      stage.target->got[at_target] = Got{};
      (void)connection.confirm(open->sender, 2 << 20, 32768);
      return true;
    }
    if (const auto* request = std::get_if<cs::ChannelRequest>(&m)) {
      if (request->name == "exit-status" || request->name == "exit-signal") return false;
      requests.emplace_back(request->name);
      if (request->want_reply == cs::WantReply::yes) {
        (void)connection.reply(request->recipient, request->name == "env" ? cs::Reply::failure : cs::Reply::success);
      }
      return true;
    }
    return false;
  }

  void exec(std::string_view command, std::uint32_t window = 2 << 20) {
    at_client = stage.open_session(window);
    ASSERT_TRUE(stage.until([&] { return stage.client->got[at_client].confirmed; }));
    ASSERT_TRUE(stage.client->connection().request(at_client, cs::ExecRequest{command}, cs::WantReply::yes));
    ASSERT_TRUE(stage.until([&] { return stage.client->got[at_client].successes == 1; }));
  }
  Got& client() { return stage.client->got[at_client]; }
  Got& target() { return stage.target->got[at_target]; }

  /// Sends everything, as windows allow.
  void push(leg::ssh::testing::SshEnd& from, cs::ChannelId id, cs::ChannelStream stream, const std::string& data) {
    std::size_t sent = 0;
    ASSERT_TRUE(stage.until([&] {
      auto n = from.connection().send_data(id, stream, base::view(data).subspan(sent));
      if (n) sent += *n;
      from.flush();
      return sent == data.size() || from.closed();
    }));
    ASSERT_EQ(from.error, "");
  }
  void finish_from_target(std::uint32_t status) {
    auto& connection = stage.target->connection();
    ASSERT_TRUE(connection.eof(at_target));
    ASSERT_TRUE(connection.request(at_target, cs::ExitStatus{status}, cs::WantReply::no));
    ASSERT_TRUE(connection.close(at_target));
    ASSERT_TRUE(stage.until([&] { return client().closed; }));
  }
};

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

struct BulkCase {
  std::size_t bytes;
  std::size_t ring;
  bool hash;
};
struct BulkSession : Session, ::testing::WithParamInterface<BulkCase> {
  void check_blocks(bool up, const std::string& sent) {
    std::uint64_t begin = 0, next = 0, blocks = 0;
    for (const auto& e : up ? stage.broker.up : stage.broker.down) {
      if (e.has_bulk_begin()) begin = next = e.bulk_begin().offset();
    }
    EXPECT_GE(begin, stage.broker.bulk_after);
    for (const auto& e : stage.broker.down) {
      if (!e.has_stream_block() || e.stream_block().up() != up) continue;
      const auto& b = e.stream_block();
      ++blocks;
      EXPECT_EQ(b.offset(), next);
      next += b.bytes();
      if (!GetParam().hash) {
        EXPECT_EQ(b.sha256(), "");
        continue;
      }
      const auto part = base::view(sent).subspan(begin, next - begin);
      EXPECT_EQ(base::to_hex(base::view(b.sha256())), base::to_hex(*keys::hash(keys::HashAlgorithm::sha256, part)));
    }
    EXPECT_EQ(next, sent.size());
    EXPECT_GT(blocks, 0u);
    EXPECT_TRUE(stage.broker.data(up ? stage.broker.up : stage.broker.down, 0) == sent.substr(0, begin));
  }
};

TEST_P(BulkSession, ArrivesWholeCountedAndHashed) {
  stage.broker.bulk_after = 100'000;
  stage.broker.ring_bytes = GetParam().ring;
  ipc::BackStart back;
  back.set_bulk_hash(GetParam().hash);
  start({}, back);
  exec("cat");
  const std::string up = pattern(GetParam().bytes, 7), down = pattern(GetParam().bytes + 12345, 8);
  std::size_t sent_up = 0, sent_down = 0;
  ASSERT_TRUE(stage.until([&] {
    const auto more = [&](auto& end, auto id, const std::string& data, std::size_t& sent) {
      auto n = end.connection().send_data(id, cs::ChannelStream::main, base::view(data).subspan(sent));
      if (n) sent += *n;
      end.flush();
      return sent == data.size();
    };
    const bool a = more(*stage.client, at_client, up, sent_up);
    const bool b = more(*stage.target, at_target, down, sent_down);
    return a && b;
  }));
  ASSERT_TRUE(stage.client->connection().eof(at_client));
  ASSERT_TRUE(stage.until([&] { return target().eof; })) << stage.broker.front_ended << stage.broker.back_ended;
  finish_from_target(0);
  EXPECT_TRUE(target().out == up);
  EXPECT_TRUE(client().out == down);
  check_blocks(true, up);
  check_blocks(false, down);
}

INSTANTIATE_TEST_SUITE_P(Sizes, BulkSession,
                         ::testing::Values(BulkCase{9 << 20, 1 << 20, true}, BulkCase{3 << 20, 4096, true},
                                           BulkCase{5 << 20, 1 << 16, false}));

TEST_F(Session, BulkWaitsForTheRecord) {
  stage.broker.bulk_after = 50'000;
  start();
  exec("cat");
  push(*stage.client, at_client, cs::ChannelStream::main, pattern(60'000, 1));
  push(*stage.target, at_target, cs::ChannelStream::main, pattern(60'000, 2));
  ASSERT_TRUE(stage.until([&] { return target().bytes == 60'000 && client().bytes == 60'000; }));
  stage.settle();
  stage.broker.withhold_recorded = true;
  push(*stage.client, at_client, cs::ChannelStream::main, pattern(300'000, 3));
  push(*stage.target, at_target, cs::ChannelStream::main, pattern(300'000, 4));
  ASSERT_TRUE(stage.until([&] {
    return std::any_of(stage.broker.down.begin(), stage.broker.down.end(),
                       [](auto& e) { return e.has_stream_block(); });
  }));
  stage.settle(100'000);
  EXPECT_EQ(target().bytes, 60'000u) << "forwarded before it was recorded";
  EXPECT_EQ(client().bytes, 60'000u) << "forwarded before it was recorded";
  stage.broker.record_all();
  ASSERT_TRUE(stage.until([&] { return target().bytes == 360'000 && client().bytes == 360'000; }));
}

TEST_F(Session, RekeysOnBothLegsUnderLoad) {
  stage.broker.bulk_after = 200'000;
  cs::TransportConfig config;
  config.rekey_bytes = 300'000;
  ipc::BackStart back;
  back.set_rekey_bytes(250'000);
  back.set_bulk_hash(true);
  ipc::FrontStart front;
  front.set_rekey_bytes(400'000);
  start(std::move(config), back, front);
  exec("cat");
  const std::string up = pattern(4 << 20, 1), down = pattern(4 << 20, 2);
  std::size_t sent_up = 0, sent_down = 0;
  ASSERT_TRUE(stage.until([&] {
    auto a = stage.client->connection().send_data(at_client, cs::ChannelStream::main, base::view(up).subspan(sent_up));
    auto b =
        stage.target->connection().send_data(at_target, cs::ChannelStream::main, base::view(down).subspan(sent_down));
    if (a) sent_up += *a;
    if (b) sent_down += *b;
    return (sent_up == up.size() && sent_down == down.size()) || stage.client->closed() || stage.target->closed();
  }));
  ASSERT_TRUE(stage.until([&] { return target().bytes == up.size() && client().bytes == down.size(); }))
      << stage.client->error << stage.target->error << stage.broker.front_ended << stage.broker.back_ended;
  EXPECT_TRUE(target().out == up);
  EXPECT_TRUE(client().out == down);
  EXPECT_GT(stage.client->key_changes, 5);
  EXPECT_GT(stage.target->key_changes, 5);
}

TEST_F(Session, AClientThatDoesNotReadStopsOnlyItself) {
  stage.broker.bulk_after = 100'000;
  start();
  exec("yes");
  stage.client->reading = false;
  // The target sends as long as it may: what is under way is bounded by the window that the client once gave.
  std::uint64_t sent = 0;
  stage.target->keeping = stage.client->keeping = false;
  const std::string chunk(32768, 'y');
  for (int idle = 0; idle < 100;) {
    auto n = stage.target->connection().send_data(at_target, cs::ChannelStream::main, base::view(chunk));
    ASSERT_TRUE(n);
    sent += *n;
    idle = *n == 0 ? idle + 1 : 0;
    stage.step();
  }
  EXPECT_LE(sent, 2u << 20);
  // The front still hears its broker.
  ipc::BrokerToFront terminate;
  terminate.mutable_terminate()->set_text("over");
  stage.broker.tell_front(terminate);
  const auto began = stage.clock.monotonic_us();
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  EXPECT_LT(stage.clock.monotonic_us() - began, 1'000'000);
  EXPECT_EQ(stage.broker.front_ended, "terminated");
}

TEST_F(Session, AChannelThatDoesNotReadLeavesTheOthers) {
  stage.broker.bulk_after = 100'000;
  start();
  exec("yes");
  const auto stuck = at_client, stuck_at_target = at_target;
  stage.client->on_message = [&](const cs::ConnectionMessage& m) {
    const auto* data = std::get_if<cs::ChannelData>(&m);
    return data != nullptr && data->recipient == stuck;  // its window is never given back
  };
  const std::string chunk(32768, 'y');
  for (int idle = 0; idle < 50;) {
    auto n = stage.target->connection().send_data(stuck_at_target, cs::ChannelStream::main, base::view(chunk));
    ASSERT_TRUE(n);
    idle = *n == 0 ? idle + 1 : 0;
    stage.step();
  }
  exec("cat");
  const std::string through = pattern(3 << 20, 5);
  push(*stage.target, at_target, cs::ChannelStream::main, through);
  ASSERT_TRUE(stage.until([&] { return client().bytes == through.size(); }));
  EXPECT_TRUE(client().out == through);
}

TEST_F(Session, TheTerminalsScreenIsToldOnRequest) {
  start();
  at_client = stage.open_session();
  ASSERT_TRUE(stage.until([&] { return client().confirmed; }));
  const cs::PtyRequest pty{"xterm", 40, 10, 0, 0, {}};
  ASSERT_TRUE(stage.client->connection().request(at_client, pty, cs::WantReply::yes));
  ASSERT_TRUE(stage.client->connection().request(at_client, cs::ShellRequest{}, cs::WantReply::yes));
  ASSERT_TRUE(stage.until([&] { return client().successes == 2; }));
  push(*stage.target, at_target, cs::ChannelStream::main, "\x1b[3;5Hhere");
  ASSERT_TRUE(stage.until([&] { return client().bytes > 0; }));
  ipc::BrokerToBack wanted;
  wanted.mutable_keyframe_wanted();
  stage.broker.tell_back(wanted);
  const event::Event* keyframe = nullptr;
  ASSERT_TRUE(stage.until([&] {
    for (const auto& e : stage.broker.down) {
      if (e.has_keyframe()) keyframe = &e;
    }
    return keyframe != nullptr;
  }));
  EXPECT_EQ(keyframe->keyframe().columns(), 40u);
  codec::terminal::Terminal screen({10, 40});
  screen.feed(base::view(keyframe->keyframe().ansi()));
  EXPECT_EQ(screen.rendered_text()[2], "    here");
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
