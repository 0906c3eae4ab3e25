// SPDX-License-Identifier: Apache-2.0
// Much data between a client and a target: through the ring, over new keys, and against ends that do not read.
#include <gtest/gtest.h>

#include "back/ssh/session_fixture_test.h"

namespace sallyport::back::ssh {
namespace {

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

// Each block holds a buffer of its own: what trickles towards a target that takes nothing must not make one a line.
TEST_F(Session, ATrickleTowardsATargetThatTakesNothingMakesFewBlocks) {
  stage.broker.bulk_after = 50'000;
  start();
  exec("sink");
  stage.target->consuming = false;
  const std::size_t window = 2 << 20;
  push(*stage.client, at_client, cs::ChannelStream::main, pattern(window, 1));
  ASSERT_TRUE(stage.until([&] { return target().bytes == window; }));
  const auto blocks = [&] {
    return std::count_if(stage.broker.down.begin(), stage.broker.down.end(),
                         [](auto& e) { return e.has_stream_block(); });
  };
  const auto before = blocks();
  for (int line = 0; line < 100; ++line) {
    push(*stage.client, at_client, cs::ChannelStream::main, "line\n");
    stage.settle(3000);
  }
  EXPECT_LE(blocks() - before, 8);
  EXPECT_EQ(target().bytes, window);
  ASSERT_TRUE(stage.target->connection().consumed(at_target, window));
  stage.target->flush();
  ASSERT_TRUE(stage.until([&] { return target().bytes == window + 500; })) << target().bytes - window;
}

// As some servers do: the last CLOSE, and the connection is gone.
TEST_F(Session, WhatATargetSaidBeforeItHungUpArrives) {
  stage.broker.bulk_after = 50'000;
  stage.broker.ring_bytes = 1 << 16;
  start();
  exec("cat file");
  const std::string all = pattern(1'000'000, 1);
  push(*stage.target, at_target, cs::ChannelStream::main, all.substr(0, 60'000));
  ASSERT_TRUE(stage.until([&] { return client().bytes == 60'000; }));
  stage.settle();
  stage.broker.withhold_recorded = true;
  push(*stage.target, at_target, cs::ChannelStream::main, all.substr(60'000));
  auto& connection = stage.target->connection();
  ASSERT_TRUE(connection.request(at_target, cs::ExitStatus{0}, cs::WantReply::no));
  ASSERT_TRUE(connection.eof(at_target));
  ASSERT_TRUE(connection.close(at_target));
  ASSERT_TRUE(stage.until([&] { return stage.target->transport().out_view().empty(); }));
  stage.target.reset();
  stage.settle(700'000);
  EXPECT_FALSE(stage.broker.back_gone) << "the record does not have it all yet";
  stage.broker.record_all();
  ASSERT_TRUE(stage.until([&] { return stage.broker.back_gone; }));
  EXPECT_TRUE(stage.broker.from_back.back().ended().clean()) << stage.broker.back_ended;
  ipc::BrokerToFront terminate;
  terminate.mutable_terminate();
  stage.broker.tell_front(terminate);
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  EXPECT_TRUE(client().out == all);
  EXPECT_EQ(client().exit_status, 0);
  EXPECT_TRUE(client().eof);
  EXPECT_TRUE(client().closed);
}

TEST_F(Session, ATerminateEndsTheWaitForTheRecord) {
  stage.broker.bulk_after = 50'000;
  start();
  exec("cat file");
  push(*stage.target, at_target, cs::ChannelStream::main, pattern(60'000, 1));
  ASSERT_TRUE(stage.until([&] { return client().bytes == 60'000; }));
  stage.settle();
  stage.broker.withhold_recorded = true;
  push(*stage.target, at_target, cs::ChannelStream::main, pattern(100'000, 2));
  stage.target.reset();
  stage.settle(100'000);
  ASSERT_FALSE(stage.broker.back_gone);
  ipc::BrokerToBack terminate;
  terminate.mutable_terminate();
  stage.broker.tell_back(terminate);
  const auto began = stage.clock.monotonic_us();
  ASSERT_TRUE(stage.until([&] { return stage.broker.back_gone; }));
  EXPECT_LT(stage.clock.monotonic_us() - began, 1'000'000);
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
  // The target sends as long as it may: what is under way is bounded by the window that the client once gave, and by as
  // much again that bulk may be ahead of it.
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
  EXPECT_LE(sent, 4u << 20);
  // The front still hears its broker.
  ipc::BrokerToFront terminate;
  terminate.mutable_terminate()->set_text("over");
  stage.broker.tell_front(terminate);
  const auto began = stage.clock.monotonic_us();
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  EXPECT_LT(stage.clock.monotonic_us() - began, 1'000'000);
  EXPECT_EQ(stage.broker.front_ended, "terminated");
}

// Its window is wide: it gives none back while it reads what had piled up, and only the socket tells that it does.
TEST_F(Session, AClientThatReadsAgainGetsTheRest) {
  start();
  exec("yes");
  stage.client->reading = false;
  const std::string chunk(32768, 'y');
  std::uint64_t sent = 0;
  for (int idle = 0; idle < 50;) {
    auto n = stage.target->connection().send_data(at_target, cs::ChannelStream::main, base::view(chunk));
    ASSERT_TRUE(n);
    sent += *n;
    idle = *n == 0 ? idle + 1 : 0;
    stage.step();
  }
  stage.client->consuming = false;
  stage.client->reading = true;
  EXPECT_TRUE(stage.until([&] { return client().bytes == sent; })) << client().bytes << " of " << sent;
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

}  // namespace
}  // namespace sallyport::back::ssh
