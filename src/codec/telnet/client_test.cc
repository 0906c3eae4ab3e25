// SPDX-License-Identifier: Apache-2.0
#include "codec/telnet/client.h"

#include <gtest/gtest.h>

namespace sallyport::codec::telnet {
namespace {

using base::Bytes;

Bytes bytes(std::initializer_list<int> list) {
  Bytes out;
  for (const int one : list) out.push_back(static_cast<std::uint8_t>(one));
  return out;
}

class TelnetClient : public testing::Test {
 protected:
  TelnetClient() {
    client.start("xterm-256color", {100, 30});
    client.output().clear();
  }
  base::Status feed(const Bytes& target) { return client.feed(target, shown); }
  Bytes sent() { return std::exchange(client.output(), {}); }

  Client client;
  Bytes shown;
};

TEST_F(TelnetClient, OffersWhatATerminalHas) {
  Client fresh;
  fresh.start("vt100", {80, 24});
  EXPECT_EQ(fresh.output(), bytes({255, 253, 3, 255, 251, 24, 255, 251, 31}));
}

TEST_F(TelnetClient, AgreesToEchoAndRefusesToEcho) {
  ASSERT_TRUE(feed(bytes({255, 251, 1, 255, 253, 1})));
  EXPECT_EQ(sent(), bytes({255, 253, 1, 255, 252, 1}));
  EXPECT_TRUE(client.target_echoes());
  ASSERT_TRUE(feed(bytes({255, 252, 1})));
  EXPECT_EQ(sent(), bytes({255, 254, 1}));
  EXPECT_FALSE(client.target_echoes());
}

TEST_F(TelnetClient, SaysNothingAboutAStateInForce) {
  ASSERT_TRUE(feed(bytes({255, 251, 3})));  // the answer to our DO
  EXPECT_EQ(sent(), Bytes{});
  ASSERT_TRUE(feed(bytes({255, 251, 3, 255, 254, 39, 255, 252, 200})));
  EXPECT_EQ(sent(), Bytes{});
}

TEST_F(TelnetClient, TellsTheWindowWhenAskedAndWhenItChanges) {
  client.resize({1, 1});
  EXPECT_EQ(sent(), Bytes{});
  ASSERT_TRUE(feed(bytes({255, 253, 31})));
  EXPECT_EQ(sent(), bytes({255, 250, 31, 0, 1, 0, 1, 255, 240}));
  client.resize({255, 0x0102});  // a 255 in the body is doubled (RFC 1073)
  EXPECT_EQ(sent(), bytes({255, 250, 31, 0, 255, 255, 1, 2, 255, 240}));
}

TEST_F(TelnetClient, TellsTheTerminalsName) {
  ASSERT_TRUE(feed(bytes({255, 250, 24, 1, 255, 240})));
  EXPECT_EQ(sent(), Bytes{});  // not agreed upon
  ASSERT_TRUE(feed(bytes({255, 253, 24, 255, 250, 24, 1, 255, 240})));
  Bytes want = bytes({255, 250, 24, 0});
  for (const char c : std::string("xterm-256color")) want.push_back(static_cast<std::uint8_t>(c));
  for (const int c : {255, 240}) want.push_back(static_cast<std::uint8_t>(c));
  EXPECT_EQ(sent(), want);
}

TEST_F(TelnetClient, ANameThatIsNoneIsNotTold) {
  for (const std::string& name : {std::string(41, 'x'), std::string("a\xff\xf0"), std::string()}) {
    Client other;
    other.start(name, {80, 24});
    other.output().clear();
    ASSERT_TRUE(other.feed(bytes({255, 253, 24, 255, 250, 24, 1, 255, 240}), shown));
    const std::string told(other.output().begin() + 4, other.output().end() - 2);
    EXPECT_EQ(told, "unknown");
  }
}

TEST_F(TelnetClient, CarriageReturnsBothWays) {
  ASSERT_TRUE(feed(bytes({'a', 13, 0, 'b', 13, 10, 0, 'c'})));
  EXPECT_EQ(shown, bytes({'a', 13, 'b', 13, 10, 0, 'c'}));
  client.type(base::view("x\r\xff"));
  EXPECT_EQ(sent(), bytes({'x', 13, 0, 255, 255}));
}

TEST_F(TelnetClient, BinaryChangesNothing) {
  ASSERT_TRUE(feed(bytes({255, 251, 0, 255, 253, 0, 13, 0, 255, 255})));
  EXPECT_EQ(shown, bytes({13, 0, 255}));
  EXPECT_EQ(sent(), bytes({255, 253, 0, 255, 251, 0}));
  client.type(base::view("\r"));
  EXPECT_EQ(sent(), bytes({13}));
}

TEST_F(TelnetClient, ACutAnywhereMakesNoDifference) {
  const Bytes stream =
      bytes({'h', 255, 251, 1, 255, 250, 24, 1, 255, 255, 255, 240, 'i', 255, 255, 255, 241, 13, 0, '!'});
  ASSERT_TRUE(feed(stream));
  const Bytes whole_sent = sent();
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    Client other;
    other.start("xterm-256color", {100, 30});
    other.output().clear();
    Bytes out;
    const base::ByteView view(stream);
    ASSERT_TRUE(other.feed(view.first(cut), out));
    ASSERT_TRUE(other.feed(view.subspan(cut), out));
    EXPECT_EQ(out, shown) << cut;
    EXPECT_EQ(other.output(), whole_sent) << cut;
  }
}

TEST_F(TelnetClient, AnotherCommandEndsASubnegotiation) {
  ASSERT_TRUE(feed(bytes({255, 253, 24})));
  ASSERT_TRUE(feed(bytes({255, 250, 24, 1, 255, 251, 1, 'x'})));
  EXPECT_TRUE(client.target_echoes());
  EXPECT_EQ(shown, bytes({'x'}));
}

TEST_F(TelnetClient, ALongSubnegotiationIsSwallowedAndAnEndlessOneIsABreach) {
  Bytes body = bytes({255, 250, 24});
  body.resize(body.size() + 4000, 'x');
  const Bytes end = bytes({255, 240, 'k'});
  body.insert(body.end(), end.begin(), end.end());
  ASSERT_TRUE(feed(body));
  EXPECT_EQ(shown, bytes({'k'}));
  ASSERT_TRUE(feed(bytes({255, 250, 24})));
  EXPECT_FALSE(feed(Bytes(70'000, 'x')));
}

TEST_F(TelnetClient, AStormOfOptionsIsABreach) {
  Bytes storm;
  for (int i = 0; i < 3000; ++i) {
    for (const int c : {255, i % 2 == 0 ? 253 : 254, 0}) storm.push_back(static_cast<std::uint8_t>(c));
  }
  EXPECT_FALSE(feed(storm));
  EXPECT_LE(client.output().size(), 3 * (Options::kMaxAnswers + 1));
  Client other;
  other.start("vt100", {80, 24});
  Bytes names = bytes({255, 253, 24});
  for (int i = 0; i < 100; ++i) {
    for (const int c : {255, 250, 24, 1, 255, 240}) names.push_back(static_cast<std::uint8_t>(c));
  }
  EXPECT_FALSE(other.feed(names, shown));
}

}  // namespace
}  // namespace sallyport::codec::telnet
