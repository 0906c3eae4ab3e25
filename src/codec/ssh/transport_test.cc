// SPDX-License-Identifier: Apache-2.0
// Both roles of the transport against each other: every method and cipher, repeated exchanges under load.
#include "codec/ssh/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "codec/ssh/algorithms.h"
#include "codec/ssh/auth_messages.h"
#include "codec/ssh/fixed_random.h"
#include "codec/ssh/transport_pair_test.h"

namespace sallyport::codec::ssh {
namespace {

using testing::only;
using testing::Pair;
using testing::payload_of;

void expect_both_ways(Pair& pair) {
  std::vector<base::Bytes> at_server, at_client;
  pair.at_server = [&](Transport&, base::ByteView p) { at_server.push_back(base::to_bytes(p)); };
  pair.at_client = [&](Transport&, base::ByteView p) { at_client.push_back(base::to_bytes(p)); };
  pair.connect();
  ASSERT_TRUE(pair.errors.empty()) << pair.errors[0].message;
  std::vector<base::Bytes> sent;
  for (std::size_t n : {1, 2, 7, 8, 15, 16, 17, 255, 4096, 32768, 200000}) sent.push_back(payload_of(n, 0x5a));
  for (const auto& p : sent) {
    ASSERT_TRUE(pair.client.send(p));
    ASSERT_TRUE(pair.server.send(p));
    pair.run();
  }
  ASSERT_TRUE(pair.errors.empty()) << pair.errors[0].message;
  EXPECT_EQ(at_server, sent);
  EXPECT_EQ(at_client, sent);
}

TEST(Transport, EveryCipherCarriesEverySize) {
  for (std::string_view cipher : default_algorithms(AlgorithmClass::cipher, Role::server)) {
    for (std::string_view mac : default_algorithms(AlgorithmClass::mac, Role::server)) {
      SCOPED_TRACE(std::string(cipher) + " " + std::string(mac));
      const auto config = only("curve25519-sha256", std::string(cipher), std::string(mac));
      Pair pair(config, config);
      expect_both_ways(pair);
      EXPECT_NE(pair.client.negotiated().find(cipher), std::string::npos);
    }
  }
}

TEST(Transport, EveryCipherForOldPeersCarriesEverySize) {
  for (const char* cipher : {"aes256-ctr", "aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"}) {
    for (const char* mac : {"hmac-sha2-256", "hmac-sha2-512", "hmac-sha1", "hmac-sha2-256-etm@openssh.com"}) {
      SCOPED_TRACE(std::string(cipher) + " " + mac);
      const auto config = only("curve25519-sha256", cipher, mac);
      Pair pair(config, config);
      expect_both_ways(pair);
    }
  }
}

TEST(Transport, EveryMethodAgrees) {
  for (const char* kex :
       {"mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256",
        "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
        "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"}) {
    SCOPED_TRACE(kex);
    const auto config = only(kex, "aes128-gcm@openssh.com", "");
    auto own = config;
    own.macs.clear();
    Pair pair(own, own);
    expect_both_ways(pair);
    EXPECT_FALSE(pair.client.session_id().empty());
    EXPECT_TRUE(std::ranges::equal(pair.client.session_id(), pair.server.session_id()));
  }
}

TEST(Transport, ServerTellsItsExtensions) {
  Pair pair;
  pair.connect();
  EXPECT_THAT(pair.client.peer_sig_algs(), ::testing::Contains("rsa-sha2-512"));
  EXPECT_TRUE(pair.client.peer_offers_hostbound());
  EXPECT_TRUE(pair.client.send_ping());
  EXPECT_FALSE(pair.server.send_ping());
  pair.run();
  EXPECT_TRUE(pair.errors.empty());
}

TEST(Transport, SendsWhatWasGivenBeforeTheKeys) {
  Pair pair;
  base::Bytes got;
  pair.at_server = [&](Transport&, base::ByteView p) { got = base::to_bytes(p); };
  ASSERT_TRUE(pair.client.send(encode(ServiceRequest{"ssh-userauth"})));
  EXPECT_FALSE(pair.client.can_begin_payload());
  pair.run();
  EXPECT_EQ(got, encode(ServiceRequest{"ssh-userauth"}));
}

/// Sends numbered payloads from one end whenever it may, and checks their order at the other.
struct Stream {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;

  void send_some(Transport& from, testing::FixedRandom& random) {
    for (int i = 0; i < 4; ++i) {
      const std::size_t n = 16 + random.below(3000);
      if (random.below(8) == 0) {  // a control message: kept back during an exchange, in order all the same
        if (!from.can_begin_payload()) {
          ASSERT_TRUE(from.send(numbered(n)));
          ++sent;
        }
        continue;
      }
      const auto room = from.begin_payload(n);
      if (room.empty()) return;
      const auto p = numbered(room.size());
      const std::size_t here = random.below(p.size() + 1);  // the rest is sealed from where it lies
      std::memcpy(room.data(), p.data(), here);
      ASSERT_TRUE(from.end_payload(p.size(), base::ByteView(p).subspan(here)));
      ++sent;
    }
  }
  void receive(base::ByteView p) {
    EXPECT_EQ(base::to_bytes(p), numbered_as(p.size(), received));
    ++received;
  }

 private:
  base::Bytes numbered(std::size_t n) const { return numbered_as(n, sent); }
  static base::Bytes numbered_as(std::size_t n, std::uint64_t number) {
    auto p = payload_of(n, static_cast<std::uint8_t>(number));
    std::memcpy(p.data() + 1, &number, sizeof number);
    return p;
  }
};

TEST(Transport, RekeysUnderLoadOnBothSides) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const char* cipher : {"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes192-ctr"}) {
      SCOPED_TRACE(std::string(cipher) + " seed " + std::to_string(seed));
      auto config = only("curve25519-sha256", cipher, "hmac-sha2-512-etm@openssh.com");
      config.rekey_bytes = 20000;
      Pair pair(config, config, seed);
      Stream up, down;
      pair.at_server = [&](Transport&, base::ByteView p) { up.receive(p); };
      pair.at_client = [&](Transport&, base::ByteView p) { down.receive(p); };
      pair.connect();
      const auto id = base::to_bytes(pair.client.session_id());
      for (int round = 0; round < 1500; ++round) {
        up.send_some(pair.client, pair.random);
        down.send_some(pair.server, pair.random);
        if (round % 97 == 0) pair.client.request_rekey();
        if (round % 89 == 0) pair.server.request_rekey();
        pair.step();
        ASSERT_TRUE(pair.errors.empty()) << pair.errors[0].message;
      }
      pair.run();
      ASSERT_TRUE(pair.errors.empty()) << pair.errors[0].message;
      EXPECT_EQ(up.received, up.sent);
      EXPECT_EQ(down.received, down.sent);
      EXPECT_GT(up.sent, 300U);
      EXPECT_GT(pair.server_exchanges, 20);
      EXPECT_EQ(pair.server_exchanges, pair.client_exchanges);
      EXPECT_EQ(base::to_bytes(pair.server.session_id()), id);
    }
  }
}

TEST(Transport, WindowOfOutputPausesInput) {
  TransportConfig server;
  server.output_limit_bytes = 4096;
  Pair pair({}, server);
  int received = 0;
  pair.at_server = [&](Transport&, base::ByteView) { ++received; };
  pair.connect();
  ASSERT_TRUE(pair.server.send(payload_of(8000, 1)));  // not drained
  ASSERT_TRUE(pair.client.send(payload_of(100, 2)));
  while (pair.carry(pair.client, pair.server)) {
  }
  EXPECT_EQ(pair.server.next()->kind, EventKind::none);
  EXPECT_EQ(received, 0);
  pair.server.out_consume(pair.server.out_view().size());
  EXPECT_EQ(pair.server.next()->kind, EventKind::message);
}

TEST(Transport, GivesBackBuffersAndGoesOn) {
  Pair pair;
  int received = 0;
  pair.at_server = [&](Transport&, base::ByteView) { ++received; };
  pair.connect();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pair.client.send(payload_of(200000, 1)));
    pair.run();
    pair.client.give_back_buffers();
    pair.server.give_back_buffers();
    EXPECT_EQ(pair.server.in_space().size(), 4096U);
  }
  EXPECT_EQ(received, 5);
}

TEST(Transport, SecretMessageIsOverwritten) {
  Pair pair;
  base::Bytes after;
  pair.at_server = [&](Transport& t, base::ByteView p) {
    ASSERT_EQ(p.size(), 50U);
    t.wipe_last_message();
    after = base::to_bytes(p);
  };
  pair.connect();
  ASSERT_TRUE(pair.client.send(payload_of(50, 0x61)));
  pair.run();
  EXPECT_EQ(after, base::Bytes(50, 0));
}

}  // namespace
}  // namespace sallyport::codec::ssh
