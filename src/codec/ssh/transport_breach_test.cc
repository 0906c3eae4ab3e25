// SPDX-License-Identifier: Apache-2.0
// What a transport does not take: changed bytes, messages before their time, algorithms and hosts that do not fit, and
// peers that are no SSH servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/ssh/algorithms.h"
#include "codec/ssh/fixed_random.h"
#include "codec/ssh/transport.h"
#include "codec/ssh/transport_pair_test.h"

namespace sallyport::codec::ssh {
namespace {

using testing::only;
using testing::Pair;
using testing::payload_of;

// Albrecht, Paterson, Watson 2009: how much a server reads before it hangs up must not tell what a block decrypts to.
TEST(TransportBreach, ABadLengthInAChainIsNotTold) {
  for (const char* cipher : {"aes128-cbc", "3des-cbc"}) {
    SCOPED_TRACE(cipher);
    const auto config = only("curve25519-sha256", cipher, "hmac-sha1");
    Pair pair(config, config);
    pair.connect();
    ASSERT_TRUE(pair.errors.empty()) << pair.errors[0].message;
    const auto feed = [&pair](const base::Bytes& all) {
      base::ByteView bytes(all);
      while (!bytes.empty()) {
        const auto room = pair.server.in_space();
        const std::size_t n = std::min(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), n);
        pair.server.in_commit(n);
        bytes = bytes.subspan(n);
        if (auto event = pair.server.next(); !event) return event.error().code;
      }
      return base::Errc::timeout;  // it waits for more
    };
    // A length that cannot be is behaved to like one of 256 KiB.
    EXPECT_EQ(feed(pair.random.bytes(16)), base::Errc::timeout);
    EXPECT_EQ(feed(pair.random.bytes(4096)), base::Errc::timeout);
    EXPECT_EQ(feed(pair.random.bytes(std::size_t{300} * 1024)), base::Errc::corrupt);
  }
}

TEST(TransportBreach, RekeyBeforeAuthenticationIsABreach) {
  Pair pair;
  pair.run();
  pair.client.set_authenticated();
  pair.client.request_rekey();
  pair.run();
  ASSERT_FALSE(pair.errors.empty());
  EXPECT_EQ(pair.errors[0].code, base::Errc::invalid);
}

TEST(TransportBreach, ConnectionMessageBeforeAuthenticationIsABreach) {
  Pair pair;
  pair.run();
  ASSERT_TRUE(pair.client.send(payload_of(20, 1)));
  pair.run();
  ASSERT_EQ(pair.errors.size(), 1U);
  // The peer is told why.
  EXPECT_EQ(pair.client.next()->kind, EventKind::none);
  while (pair.carry(pair.server, pair.client)) {
  }
  EXPECT_EQ(pair.client.next()->kind, EventKind::disconnected);
  EXPECT_EQ(pair.client.peer_disconnect().reason, 2U);
}

TEST(TransportBreach, EveryFlippedByteIsNoticed) {
  for (std::string_view cipher : default_algorithms(AlgorithmClass::cipher, Role::server)) {
    for (std::size_t at = 0; at < 60; at += 3) {
      SCOPED_TRACE(std::string(cipher) + " byte " + std::to_string(at));
      auto config = only("curve25519-sha256", std::string(cipher), "hmac-sha2-256-etm@openssh.com");
      Pair pair(config, config);
      int messages = 0;
      pair.at_server = [&](Transport&, base::ByteView) { ++messages; };
      pair.connect();
      ASSERT_TRUE(pair.client.send(payload_of(40, 7)));
      base::Bytes wire = base::to_bytes(pair.client.out_view());
      ASSERT_GT(wire.size(), at);
      wire[at] ^= 0x10;
      wire.resize(wire.size() + 300000);  // a longer length must not just wait
      base::ByteView rest = wire;
      base::Result<Event> event = Event{};
      while (event && !rest.empty()) {
        const auto room = pair.server.in_space();
        const std::size_t n = std::min(room.size(), rest.size());
        if (n == 0) break;
        std::memcpy(room.data(), rest.data(), n);
        pair.server.in_commit(n);
        rest = rest.subspan(n);
        event = pair.server.next();
      }
      EXPECT_FALSE(event.has_value());
      EXPECT_FALSE(pair.server.next().has_value());
    }
  }
}

TEST(TransportBreach, NoCommonAlgorithmIsDenied) {
  TransportConfig client, server;
  client.ciphers = {"aes128-ctr"};
  server.ciphers = {"aes256-ctr"};
  Pair pair(client, server);
  pair.run();
  ASSERT_FALSE(pair.errors.empty());
  EXPECT_EQ(pair.errors[0].code, base::Errc::denied);
  EXPECT_THAT(pair.errors[0].message, ::testing::HasSubstr("cipher"));
}

TEST(TransportBreach, RefusedHostEndsTheConnection) {
  Pair pair;
  while (pair.carry(pair.client, pair.server)) {
  }
  EXPECT_EQ(pair.server.next()->kind, EventKind::none);  // its KEX_INIT needs the server's KEXINIT
  while (pair.carry(pair.server, pair.client)) {
  }
  EXPECT_EQ(pair.client.next()->kind, EventKind::none);
  while (pair.carry(pair.client, pair.server)) {
  }
  ASSERT_EQ(pair.server.next()->kind, EventKind::need_host_signature);
  EXPECT_TRUE(pair.server.answer_host_signature(
      testing::kHostKey, testing::exchange_hash_of(pair.server.kex_evidence()), testing::kSignature));
  while (pair.carry(pair.server, pair.client)) {
  }
  ASSERT_EQ(pair.client.next()->kind, EventKind::need_host_check);
  EXPECT_EQ(pair.client.next()->kind, EventKind::none);  // nothing goes on before the answer
  pair.client.refuse_host();
  EXPECT_FALSE(pair.client.next().has_value());
  EXPECT_FALSE(pair.client.send(payload_of(9, 1)).has_value());
  EXPECT_TRUE(pair.client.session_id().empty());
}

TEST(TransportBreach, DifferentHashesNeverShareKeys) {
  Pair pair;
  base::Bytes got;
  pair.at_server = [&](Transport&, base::ByteView p) { got = base::to_bytes(p); };
  // The client computes H over another host key than the server did.
  const auto drive = [&](Transport& end, std::uint8_t twist) {
    for (;;) {
      auto event = end.next();
      if (!event) {
        pair.errors.push_back(event.error());
        return;
      }
      if (event->kind == EventKind::none) return;
      if (event->kind != EventKind::need_host_signature && event->kind != EventKind::need_host_check) continue;
      auto h = testing::exchange_hash_of(end.kex_evidence());
      h[0] ^= twist;
      if (event->kind == EventKind::need_host_signature) {
        ASSERT_TRUE(end.answer_host_signature(testing::kHostKey, h, testing::kSignature));
      } else {
        ASSERT_TRUE(end.answer_host_check(h));
      }
    }
  };
  for (int i = 0; i < 200 && pair.errors.empty(); ++i) {
    pair.carry(pair.client, pair.server);
    pair.carry(pair.server, pair.client);
    drive(pair.server, 0);
    drive(pair.client, 1);
  }
  EXPECT_FALSE(pair.errors.empty());
  EXPECT_TRUE(got.empty());
}

// What a client met instead of an SSH server.
TEST(TransportBreach, TellsWhatAPeerSaidInsteadOfItsIdentification) {
  using Kind = PeerGreeting::Kind;
  const auto meet = [](std::string_view said) {
    testing::FixedRandom random(1);
    TransportConfig config;
    config.role = Role::client;
    Transport transport(config, random);
    bool going = true;
    while (!said.empty() && going) {
      const auto space = transport.in_space();
      const std::size_t n = std::min(space.size(), said.size());
      std::copy_n(said.begin(), n, space.begin());
      transport.in_commit(n);
      said.remove_prefix(n);
      going = transport.next().has_value();
    }
    EXPECT_EQ(transport.failure() == nullptr, going);
    return transport.peer_greeting();
  };
  EXPECT_EQ(meet("").kind, Kind::none);
  EXPECT_EQ(meet("SSH-2.0-x\r\n").kind, Kind::none);
  EXPECT_EQ(meet("welcome\r\nSSH-2.0-x\r\n").line, "welcome");
  EXPECT_EQ(meet("Not allowed at this time\r\n").line, "Not allowed at this time");
  EXPECT_EQ(meet("Not allowed at this time\r\n").kind, Kind::words);
  EXPECT_EQ(meet("HTTP/1.1 400 Bad Request\r\n").kind, Kind::http);
  EXPECT_EQ(meet("<!DOCTYPE HTML>\n<html>\n").kind, Kind::http);
  EXPECT_EQ(meet("SSH-1.5-1.2.27\n").kind, Kind::old_ssh);
  EXPECT_EQ(meet("hello\nSSH-1.5-1.2.27\n").line, "SSH-1.5-1.2.27");
  EXPECT_EQ(meet("SSH-3.0-x\r\n").kind, Kind::words);
  EXPECT_EQ(meet(std::string(100'000, 'x')).kind, Kind::endless);
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "no\r\n";
  EXPECT_EQ(meet(lines).kind, Kind::endless);
}

}  // namespace
}  // namespace sallyport::codec::ssh
