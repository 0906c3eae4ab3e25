// SPDX-License-Identifier: Apache-2.0
// Channels and the connection protocol: windows in both directions, what may be said when, and two ends in memory.
#include "codec/ssh/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/ssh/transport_pair_test.h"

namespace sallyport::codec::ssh {
namespace {

using base::Bytes;
using base::ByteView;
using base::Errc;

ChannelTable with_open_channel(std::uint32_t in_window = 100, std::uint32_t out_window = 50) {
  ChannelTable t;
  const ChannelId id = *t.open_here(in_window, 40);
  EXPECT_EQ(id, 0U);
  EXPECT_TRUE(t.on_confirmation(id, 9, out_window, 30));
  return t;
}

TEST(ChannelTable, PeerMayNotExceedWindowOrPacket) {
  auto t = with_open_channel();
  EXPECT_FALSE(t.on_data(0, 41));
  EXPECT_TRUE(t.on_data(0, 40));
  EXPECT_TRUE(t.on_data(0, 40));
  EXPECT_FALSE(t.on_data(0, 21));
  EXPECT_TRUE(t.on_data(0, 20));
  EXPECT_FALSE(t.on_data(0, 1));
  EXPECT_TRUE(t.on_data(0, 0));
}

TEST(ChannelTable, CreditComesBackInHalves) {
  auto t = with_open_channel();
  ASSERT_TRUE(t.on_data(0, 40));
  ASSERT_TRUE(t.on_data(0, 40));
  EXPECT_EQ(t.consumed(0, 40), 0U);
  EXPECT_EQ(t.consumed(0, 40), 80U);
  EXPECT_EQ(t.find(0)->in_window, 100U);
  // More than came in is not given.
  EXPECT_EQ(t.consumed(0, 1000), 0U);
  EXPECT_LE(t.find(0)->in_window, 100U);
}

TEST(ChannelTable, WidenGivesTheDifference) {
  auto t = with_open_channel();
  t.widen(0, 400);
  EXPECT_EQ(t.consumed(0, 0), 300U);
  EXPECT_EQ(t.find(0)->in_window, 400U);
}

TEST(ChannelTable, OutgoingIsBoundedByThePeer) {
  auto t = with_open_channel();
  EXPECT_EQ(t.sendable(0), 30U);
  t.sent(0, 30);
  EXPECT_EQ(t.sendable(0), 20U);
  t.sent(0, 20);
  EXPECT_EQ(t.sendable(0), 0U);
  EXPECT_TRUE(t.on_window_adjust(0, 5));
  EXPECT_EQ(t.sendable(0), 5U);
  EXPECT_TRUE(t.on_window_adjust(0, 0xffffffff - 5));
  EXPECT_FALSE(t.on_window_adjust(0, 1));
}

TEST(ChannelTable, NothingAfterEofAndClose) {
  auto t = with_open_channel();
  EXPECT_TRUE(t.on_eof(0));
  EXPECT_TRUE(t.on_eof(0)) << "twice is once";
  EXPECT_FALSE(t.on_data(0, 1));
  EXPECT_TRUE(t.on_request(0, WantReply::no));  // exit-status after EOF is usual
  EXPECT_EQ(*t.on_close(0), false);
  EXPECT_FALSE(t.on_request(0, WantReply::no));
  EXPECT_TRUE(t.on_window_adjust(0, 1));
  EXPECT_EQ(t.find(0)->out_window, 50U);
  EXPECT_FALSE(t.on_close(0));
  EXPECT_TRUE(t.close(0));
  EXPECT_EQ(t.find(0), nullptr);
  EXPECT_EQ(t.size(), 0U);
  EXPECT_FALSE(t.on_close(0));
}

TEST(ChannelTable, WeStopAfterOurOwnEofAndClose) {
  auto t = with_open_channel();
  EXPECT_TRUE(t.eof(0));
  EXPECT_EQ(t.eof(0).error().code, Errc::denied);
  EXPECT_EQ(t.sendable(0), 0U);
  EXPECT_TRUE(t.requested(0, WantReply::no));
  EXPECT_TRUE(t.close(0));
  EXPECT_EQ(t.requested(0, WantReply::no).error().code, Errc::denied);
  EXPECT_TRUE(t.on_data(0, 10));  // on its way before it knew
  EXPECT_EQ(*t.on_close(0), true);
}

TEST(ChannelTable, RepliesMustBeOwed) {
  auto t = with_open_channel();
  EXPECT_FALSE(*t.on_reply(0));
  EXPECT_TRUE(t.requested(0, WantReply::yes));
  EXPECT_TRUE(*t.on_reply(0));
  EXPECT_FALSE(*t.on_reply(0));
  EXPECT_FALSE(t.on_reply(5).has_value());
  EXPECT_FALSE(t.replied(0));
  EXPECT_TRUE(t.on_request(0, WantReply::yes));
  EXPECT_TRUE(t.replied(0));
}

TEST(ChannelTable, BoundsAndUnknownNumbers) {
  ChannelTable t(ChannelLimits{2, 3});
  EXPECT_TRUE(t.on_open(1, 10, 10));
  EXPECT_TRUE(t.open_here(10, 10));
  EXPECT_EQ(t.on_open(2, 10, 10).error().code, Errc::full);
  EXPECT_FALSE(t.on_data(0, 1));  // not confirmed yet
  EXPECT_FALSE(t.on_data(77, 1));
  EXPECT_FALSE(t.on_confirmation(0, 1, 1, 1));  // it is the peer's own
  EXPECT_TRUE(t.confirm(0, 10, 10));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(t.on_request(0, WantReply::yes));
  EXPECT_EQ(t.on_request(0, WantReply::yes).error().code, Errc::full);
  EXPECT_TRUE(t.on_open_failure(1));
  EXPECT_EQ(t.size(), 1U);
  EXPECT_EQ(*t.open_here(1, 1), 1U);  // the number is used again
}

/// Two authenticated ends with a connection each.
struct Ends {
  testing::Pair pair;
  Connection client, server;
  std::vector<ConnectionMessage> at_client, at_server;

  explicit Ends(std::uint64_t seed = 1, TransportConfig config = {})
      : pair(config, config, seed), client(pair.client), server(pair.server, ChannelLimits{8, 16}) {
    pair.connect();
    pair.at_client = [this](Transport&, ByteView p) { receive(client, p, at_client); };
    pair.at_server = [this](Transport&, ByteView p) { receive(server, p, at_server); };
  }
  void receive(Connection& c, ByteView p, std::vector<ConnectionMessage>& into) {
    auto m = c.receive(p);
    if (!m) {
      pair.errors.push_back(m.error());
    } else {
      into.push_back(*m);
    }
  }
  ChannelId open_session(std::uint32_t window, std::uint32_t max_packet) {
    const ChannelId id = *client.open(OpenSession{}, window, max_packet);
    pair.run();
    EXPECT_TRUE(server.confirm(std::get<ChannelOpen>(at_server.back()).sender, window, max_packet));
    pair.run();
    EXPECT_TRUE(std::holds_alternative<ChannelOpenConfirmation>(at_client.back()));
    return id;
  }
};

TEST(Connection, LifeOfASession) {
  Ends e;
  const ChannelId id = e.open_session(1000, 500);
  ASSERT_TRUE(e.client.request(id, ExecRequest{"true"}, WantReply::yes));
  e.pair.run();
  ASSERT_TRUE(e.server.reply(0, Reply::success));
  ASSERT_TRUE(e.server.request(0, ExitStatus{0}, WantReply::no));
  ASSERT_TRUE(e.server.eof(0));
  ASSERT_TRUE(e.server.close(0));
  e.pair.run();
  EXPECT_TRUE(std::holds_alternative<ChannelClose>(e.at_client.back()));
  ASSERT_TRUE(e.client.close(id));
  e.pair.run();
  EXPECT_TRUE(e.pair.errors.empty());
  EXPECT_EQ(e.client.channels().size(), 0U);
  EXPECT_EQ(e.server.channels().size(), 0U);
  EXPECT_EQ(e.client.request(id, ShellRequest{}, WantReply::no).error().code, Errc::not_found);
}

TEST(Connection, TooManyChannelsAreRefused) {
  Ends e;
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(e.client.open(OpenSession{}, 10, 10));
  e.pair.run();
  EXPECT_TRUE(e.pair.errors.empty());
  EXPECT_TRUE(std::holds_alternative<ChannelOpenFailure>(e.at_client.back()));
  EXPECT_EQ(e.client.channels().size(), 8U);
}

TEST(Connection, GlobalRepliesAreCounted) {
  Ends e;
  EXPECT_FALSE(e.client.global_reply(Reply::success).has_value());
  ASSERT_TRUE(e.client.global_request(KeepaliveRequest{}, WantReply::yes));
  e.pair.run();
  ASSERT_TRUE(e.server.global_reply(Reply::failure));
  e.pair.run();
  EXPECT_TRUE(std::holds_alternative<RequestFailure>(e.at_client.back()));
  ASSERT_TRUE(e.pair.errors.empty());
  ASSERT_TRUE(e.pair.server.send(Bytes{82}));  // one that nobody waits for
  e.pair.run();
  EXPECT_TRUE(e.pair.errors.empty());
  EXPECT_TRUE(std::holds_alternative<UnknownMessage>(e.at_client.back()));
}

TEST(Connection, UnknownNumberIsAnsweredWithUnimplemented) {
  Ends e;
  ASSERT_TRUE(e.pair.client.send(Bytes{120, 1}));
  e.pair.run();
  EXPECT_EQ(std::get<UnknownMessage>(e.at_server.back()).number, 120);
  EXPECT_TRUE(e.pair.errors.empty());
}

/// Pushes a stream through one direction of a channel with tiny windows, consuming at random, and rekeying.
TEST(Connection, WindowsCarryEverythingBothWays) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    TransportConfig config;
    config.rekey_bytes = 40000;
    Ends e(seed, config);
    const ChannelId id = e.open_session(5000, 700);
    Bytes sent = e.pair.random.bytes(200'000), up, down;
    std::size_t up_at = 0, down_at = 0;
    const auto collect = [&](Connection& c, ByteView p, Bytes& into) {
      auto m = c.receive(p);
      ASSERT_TRUE(m) << m.message();
      const auto* data = std::get_if<ChannelData>(&*m);
      const auto* extended = std::get_if<ChannelExtendedData>(&*m);
      if (!data && !extended) return;
      const ByteView bytes = data ? data->data : extended->data;
      into.insert(into.end(), bytes.begin(), bytes.end());
      ASSERT_TRUE(c.consumed(data ? data->recipient : extended->recipient, static_cast<std::uint32_t>(bytes.size())));
    };
    e.pair.at_server = [&](Transport&, ByteView p) { collect(e.server, p, up); };
    e.pair.at_client = [&](Transport&, ByteView p) { collect(e.client, p, down); };
    for (int round = 0; round < 20000 && (up.size() < sent.size() || down.size() < sent.size()); ++round) {
      up_at += *e.client.send_data(id, ChannelStream::main, ByteView(sent).subspan(up_at));
      down_at += *e.server.send_data(0, ChannelStream::stderr_data, ByteView(sent).subspan(down_at));
      e.pair.step();
      ASSERT_TRUE(e.pair.errors.empty()) << e.pair.errors[0].message;
    }
    EXPECT_TRUE(up == sent);
    EXPECT_TRUE(down == sent);
    EXPECT_GT(e.pair.client_exchanges, 2);
  }
}

// The one who gives credit may give it early, and then nothing again until the peer goes on.
TEST(Connection, CreditThatWasTooLittleIsGivenWhenTheWindowIsSmaller) {
  Ends e;
  const ChannelId id = e.open_session(100, 100);
  ASSERT_EQ(*e.client.send_data(id, ChannelStream::main, Bytes(40, 1)), 40U);
  e.pair.run();
  ASSERT_TRUE(e.server.consumed(0, 100));
  e.pair.run();
  EXPECT_EQ(e.client.channels().find(id)->out_window, 60U) << "less than half a window is missing";
  ASSERT_EQ(*e.client.send_data(id, ChannelStream::main, Bytes(60, 1)), 60U);
  e.pair.run();
  EXPECT_EQ(e.client.channels().find(id)->out_window, 100U);
}

TEST(Connection, MoreThanTheWindowIsABreach) {
  Ends e;
  e.open_session(100, 100);
  Bytes payload;
  encode(ChannelData{0, Bytes(60, 1)}, payload);
  ASSERT_TRUE(e.pair.client.send(payload));
  ASSERT_TRUE(e.pair.client.send(payload));
  e.pair.run();
  ASSERT_EQ(e.pair.errors.size(), 1U);
  EXPECT_THAT(e.pair.errors[0].message, ::testing::HasSubstr("window"));
}

}  // namespace
}  // namespace sallyport::codec::ssh
