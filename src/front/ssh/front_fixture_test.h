// SPDX-License-Identifier: Apache-2.0
// What the front's tests share: a front between a client and the least of a broker.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "front/ssh/front_worker.h"
#include "leg/ssh/stage_test.h"

namespace sallyport::front::ssh {

using leg::ssh::testing::Got;
using leg::ssh::testing::Stage;
using ::testing::HasSubstr;
namespace cs = codec::ssh;

inline int run_front(leg::WorkerSockets sockets) {
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

}  // namespace sallyport::front::ssh
