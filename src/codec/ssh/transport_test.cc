// SPDX-License-Identifier: Apache-2.0
// Both roles of the transport against each other: every method and cipher, repeated exchanges under load, breaches.
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

using testing::Pair;

base::Bytes payload_of(std::size_t bytes, std::uint8_t fill) {
  base::Bytes out(bytes, fill);
  out[0] = static_cast<std::uint8_t>(MessageNumber::channel_data);
  return out;
}

TransportConfig only(std::string kex, std::string cipher, std::string mac) {
  TransportConfig config;
  config.kex = {std::move(kex)};
  config.ciphers = {std::move(cipher)};
  config.macs = {std::move(mac)};
  return config;
}

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

// Albrecht, Paterson, Watson 2009: how much a server reads before it hangs up must not tell what a block decrypts to.
TEST(Transport, ABadLengthInAChainIsNotTold) {
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

TEST(Transport, RekeyBeforeAuthenticationIsABreach) {
  Pair pair;
  pair.run();
  pair.client.set_authenticated();
  pair.client.request_rekey();
  pair.run();
  ASSERT_FALSE(pair.errors.empty());
  EXPECT_EQ(pair.errors[0].code, base::Errc::invalid);
}

TEST(Transport, ConnectionMessageBeforeAuthenticationIsABreach) {
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

TEST(Transport, EveryFlippedByteIsNoticed) {
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

TEST(Transport, NoCommonAlgorithmIsDenied) {
  TransportConfig client, server;
  client.ciphers = {"aes128-ctr"};
  server.ciphers = {"aes256-ctr"};
  Pair pair(client, server);
  pair.run();
  ASSERT_FALSE(pair.errors.empty());
  EXPECT_EQ(pair.errors[0].code, base::Errc::denied);
  EXPECT_THAT(pair.errors[0].message, ::testing::HasSubstr("cipher"));
}

TEST(Transport, RefusedHostEndsTheConnection) {
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

TEST(Transport, DifferentHashesNeverShareKeys) {
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

// What a client met instead of an SSH server.
TEST(Transport, TellsWhatAPeerSaidInsteadOfItsIdentification) {
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
