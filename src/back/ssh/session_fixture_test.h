// SPDX-License-Identifier: Apache-2.0
// What the session tests share: a front and a back joined by the least of a broker, with a client and a target.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "back/ssh/back_worker.h"
#include "front/ssh/front_worker.h"
#include "leg/ssh/stage_test.h"

namespace sallyport::back::ssh {

using leg::ssh::testing::Got;
using leg::ssh::testing::Stage;
namespace cs = codec::ssh;

inline int run_front(leg::WorkerSockets sockets) {
  base::SystemClock clock;
  base::SystemRandom random;
  return front::ssh::FrontWorker(sockets, clock, random).run();
}

inline int run_back(leg::WorkerSockets sockets) {
  base::SystemClock clock;
  base::SystemRandom random;
  return BackWorker(sockets, clock, random).run();
}

inline std::string pattern(std::size_t bytes, unsigned seed) {
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

  void start(cs::TransportConfig client = {}, ipc::BackStart back = {}, const ipc::FrontStart& front = {}) {
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

}  // namespace sallyport::back::ssh
