// SPDX-License-Identifier: Apache-2.0
// The first exchanges of a connection, spoken by a hand-made peer: identification, strict key exchange, guesses, bad
// values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/ssh/auth_messages.h"
#include "codec/ssh/kexinit.h"
#include "codec/ssh/key_agreement.h"
#include "codec/ssh/packet_writer.h"
#include "codec/ssh/transport.h"
#include "codec/ssh/transport_pair_test.h"
#include "keys/wire.h"

namespace sallyport::codec::ssh {
namespace {

using base::Bytes;
using base::ByteView;
using testing::FixedRandom;

void feed(Transport& t, ByteView bytes) {
  while (!bytes.empty()) {
    const auto room = t.in_space();
    const std::size_t n = std::min(room.size(), bytes.size());
    ASSERT_GT(n, 0U);
    std::memcpy(room.data(), bytes.data(), n);
    t.in_commit(n);
    bytes = bytes.subspan(n);
  }
}

/// A peer that speaks in the clear and says whatever a test wants.
struct Peer {
  FixedRandom random{7};
  PacketWriter writer{random};
  Transport transport;

  explicit Peer(Role role, TransportConfig config = {}) : transport(with(role, std::move(config)), random) {}
  static TransportConfig with(Role role, TransportConfig config) {
    config.role = role;
    return config;
  }
  void say(std::string_view raw) { feed(transport, base::view(raw)); }
  void packet(ByteView payload) {
    ASSERT_TRUE(writer.write(payload));
    feed(transport, writer.view());
    writer.consume(writer.backlog());
  }
  void packet(MessageNumber number, ByteView rest = {}) {
    Bytes p{static_cast<std::uint8_t>(number)};
    p.insert(p.end(), rest.begin(), rest.end());
    packet(p);
  }
  Bytes kexinit(std::vector<std::string> kex, bool guess = false) {
    Offer offer{std::move(kex), {"ssh-ed25519"}, {"aes128-ctr"}, {"hmac-sha2-256-etm@openssh.com"}};
    Bytes p = encode_kexinit(offer, Role::client, ExchangeKind::repeated, random);  // without our own markers
    p[p.size() - 5] = guess ? 1 : 0;
    return p;
  }
  base::Result<Event> next() { return transport.next(); }
};

const std::string kStrict = "kex-strict-c-v00@openssh.com";
const std::string kCurve = "curve25519-sha256";

Bytes as_string(ByteView value) {
  Bytes out;
  keys::Writer(out).string(value);
  return out;
}

TEST(Identification, ServerTakesNothingBeforeIt) {
  for (const char* line :
       {"hello\r\n", "SSH-1.5-old\r\n", "SSH-1.99-both\r\n", "GET / HTTP/1.1\r\n", "SSH-2.0-a\x01z\r\n", "\n"}) {
    Peer peer(Role::server);
    peer.say(line);
    EXPECT_FALSE(peer.next().has_value()) << line;
    // Nothing but the version and KEXINIT goes to somebody who does not speak the protocol.
    EXPECT_FALSE(peer.transport.send(Bytes{2, 0, 0, 0, 0}).has_value());
  }
}

TEST(Identification, AcceptsBareLineFeedAndComments) {
  Peer peer(Role::server);
  peer.say("SSH-2.0-x with words\n");
  EXPECT_TRUE(peer.next().has_value());
  EXPECT_EQ(peer.transport.peer_version(), "SSH-2.0-x with words");
}

// A switch of a certain age, say.
TEST(Identification, AServerOfBothProtocolsIsTakenAtItsWord) {
  Peer peer(Role::client);
  peer.say("a greeting\r\nSSH-1.99-Cisco-1.25\r\n");
  EXPECT_TRUE(peer.next().has_value());
  EXPECT_EQ(peer.transport.peer_version(), "SSH-1.99-Cisco-1.25") << "as it came: the exchange hash covers it";
  Peer old(Role::client);
  old.say("SSH-1.5-old\r\n");
  EXPECT_FALSE(old.next().has_value());
}

TEST(Identification, IsBounded) {
  Peer longest(Role::server);
  longest.say("SSH-2.0-" + std::string(245, 'a') + "\r\n");
  EXPECT_TRUE(longest.next().has_value());
  Peer too_long(Role::server);
  too_long.say("SSH-2.0-" + std::string(246, 'a') + "\r\n");
  EXPECT_FALSE(too_long.next().has_value());
  Peer endless(Role::server);
  endless.say(std::string(300, 'a'));
  EXPECT_FALSE(endless.next().has_value());
}

TEST(Exchange, AnEndlessKexInitIsABreach) {
  for (const std::size_t names : {195, 205}) {  // 60 bytes each, once for either direction: around 24 KiB
    Peer peer(Role::server);
    peer.say("SSH-2.0-x\r\n");
    std::vector<std::string> ciphers{"aes128-ctr"};
    ciphers.resize(names, std::string(59, 'c'));
    const Offer offer{{kCurve}, {"ssh-ed25519"}, std::move(ciphers), {"hmac-sha2-256-etm@openssh.com"}};
    const Bytes payload = encode_kexinit(offer, Role::client, ExchangeKind::repeated, peer.random);
    peer.packet(payload);
    const auto event = peer.next();
    EXPECT_EQ(event.has_value(), payload.size() <= kMaxKexInitBytes) << payload.size();
    if (!event) {
      EXPECT_EQ(event.message(), "KEXINIT too large");
    }
  }
}

TEST(Identification, ClientReadsOverABanner) {
  Peer peer(Role::client);
  peer.say("Welcome\r\nto this\nplace\r\nSSH-2.0-server\r\n");
  EXPECT_TRUE(peer.next().has_value());
  EXPECT_EQ(peer.transport.peer_version(), "SSH-2.0-server");
  Peer chatty(Role::client);
  for (int i = 0; i < 200; ++i) chatty.say("and another thing\r\n");
  EXPECT_FALSE(chatty.next().has_value());
}

TEST(Identification, AlreadySentIsNotRepeated) {
  TransportConfig config;
  config.version_line = VersionLine::already_sent;
  Peer peer(Role::server, config);
  EXPECT_NE(base::text(peer.transport.out_view()).substr(0, 4), "SSH-");
}

TEST(StrictExchange, NothingBeforeKexinit) {
  Peer peer(Role::server);
  peer.say("SSH-2.0-x\r\n");
  peer.packet(MessageNumber::ignore, as_string({}));
  ASSERT_TRUE(peer.next().has_value());
  peer.packet(peer.kexinit({kCurve, kStrict}));
  EXPECT_FALSE(peer.next().has_value());
}

TEST(StrictExchange, NothingBetween) {
  for (auto number : {MessageNumber::ignore, MessageNumber::debug, MessageNumber::unimplemented, MessageNumber::ping,
                      MessageNumber::ext_info, MessageNumber::service_request}) {
    Peer peer(Role::server);
    peer.say("SSH-2.0-x\r\n");
    peer.packet(peer.kexinit({kCurve, kStrict}));
    ASSERT_TRUE(peer.next().has_value());
    peer.packet(number, as_string({}));
    EXPECT_FALSE(peer.next().has_value()) << static_cast<int>(number);
  }
}

TEST(StrictExchange, OthersMayStillPad) {
  Peer peer(Role::server);
  peer.say("SSH-2.0-x\r\n");
  peer.packet(MessageNumber::ignore, as_string({}));
  peer.packet(peer.kexinit({kCurve}));
  peer.packet(MessageNumber::debug, as_string({}));
  EXPECT_TRUE(peer.next().has_value());
  peer.packet(MessageNumber::service_request, as_string(base::view("ssh-userauth")));
  EXPECT_FALSE(peer.next().has_value());
}

TEST(Exchange, MessagesOutOfOrderAreABreach) {
  const Bytes newkeys{21}, two_kex_init = as_string(Bytes(32, 9));
  Peer early(Role::server);
  early.say("SSH-2.0-x\r\n");
  early.packet(early.kexinit({kCurve}));
  early.packet(newkeys);
  EXPECT_FALSE(early.next().has_value());

  Peer twice(Role::server);
  twice.say("SSH-2.0-x\r\n");
  twice.packet(twice.kexinit({kCurve}));
  twice.packet(twice.kexinit({kCurve}));
  EXPECT_FALSE(twice.next().has_value());

  Peer first(Role::server);
  first.say("SSH-2.0-x\r\n");
  first.packet(MessageNumber::kex_init, two_kex_init);
  EXPECT_FALSE(first.next().has_value());

  Peer wrong_role(Role::client);
  wrong_role.say("SSH-2.0-x\r\n");
  wrong_role.packet(wrong_role.kexinit({kCurve}));
  wrong_role.packet(MessageNumber::kex_init, two_kex_init);
  EXPECT_FALSE(wrong_role.next().has_value());
}

TEST(Exchange, WrongGuessIsIgnoredAndARightOneUsed) {
  const Bytes value = as_string(Bytes(32, 9));
  Peer wrong(Role::server);
  wrong.say("SSH-2.0-x\r\n");
  wrong.packet(wrong.kexinit({"ecdh-sha2-nistp256", kCurve}, true));
  wrong.packet(MessageNumber::kex_init, as_string(base::view("for another method")));
  EXPECT_EQ(wrong.next()->kind, EventKind::none);
  wrong.packet(MessageNumber::kex_init, value);
  EXPECT_EQ(wrong.next()->kind, EventKind::need_host_signature);

  TransportConfig config;
  config.kex = {kCurve, "ecdh-sha2-nistp256"};
  Peer right(Role::server, config);
  right.say("SSH-2.0-x\r\n");
  right.packet(right.kexinit({kCurve}, true));
  right.packet(MessageNumber::kex_init, value);
  EXPECT_EQ(right.next()->kind, EventKind::need_host_signature);
}

TEST(Exchange, EvidenceHoldsWhatWasSaid) {
  Peer peer(Role::server);
  peer.say("SSH-2.0-x\r\n");
  const Bytes init = peer.kexinit({kCurve});
  peer.packet(init);
  peer.packet(MessageNumber::kex_init, as_string(Bytes(32, 9)));
  ASSERT_EQ(peer.next()->kind, EventKind::need_host_signature);
  const KexEvidence& e = peer.transport.kex_evidence();
  EXPECT_EQ(e.client_version, "SSH-2.0-x");
  EXPECT_EQ(e.client_kexinit, init);
  EXPECT_EQ(e.client_public, Bytes(32, 9));
  EXPECT_EQ(e.server_public.size(), 32U);
  EXPECT_EQ(e.host_key_algorithm, "ssh-ed25519");
  EXPECT_FALSE(e.shared_secret.empty());
  EXPECT_TRUE(e.host_key.empty());
}

TEST(Exchange, MalformedKexinitIsABreach) {
  Peer peer(Role::server);
  const Bytes good = peer.kexinit({kCurve});
  for (std::size_t n = 1; n < good.size(); n += 3) {
    Peer other(Role::server);
    other.say("SSH-2.0-x\r\n");
    other.packet(ByteView(good).first(n));
    EXPECT_FALSE(other.next().has_value()) << n;
  }
  Bytes longer = good;
  longer.push_back(0);
  peer.say("SSH-2.0-x\r\n");
  peer.packet(longer);
  EXPECT_FALSE(peer.next().has_value());
}

TEST(KeyAgreement, CurveRefusesSmallOrderPoints) {
  FixedRandom random(3);
  auto ours = *make_x25519(random);
  EXPECT_FALSE(ours->agree(Bytes(32, 0)).has_value());
  Bytes one(32, 0);
  one[0] = 1;
  EXPECT_FALSE(ours->agree(one).has_value());
  EXPECT_FALSE(ours->agree(Bytes(31, 9)).has_value());
  EXPECT_TRUE(ours->agree(Bytes(32, 9)).has_value());
}

TEST(KeyAgreement, NistRefusesPointsOffTheCurve) {
  for (auto method : {keys::KexMethod::ecdh_sha2_nistp256, keys::KexMethod::ecdh_sha2_nistp384,
                      keys::KexMethod::ecdh_sha2_nistp521}) {
    auto ours = *make_nist_ecdh(method);
    auto theirs = *make_nist_ecdh(method);
    Bytes point = base::to_bytes(theirs->public_value());
    EXPECT_TRUE(ours->agree(point).has_value());
    point.back() ^= 1;
    EXPECT_FALSE(ours->agree(point).has_value());
    point.back() ^= 1;
    point[0] = 2;  // compressed form
    EXPECT_FALSE(ours->agree(point).has_value());
    EXPECT_FALSE(ours->agree(Bytes{0}).has_value());  // the neutral element
    EXPECT_FALSE(ours->agree({}).has_value());
  }
}

TEST(KeyAgreement, FiniteFieldRefusesTheEnds) {
  FixedRandom random(3);
  for (auto method : {keys::KexMethod::dh_group14_sha256, keys::KexMethod::dh_group16_sha512}) {
    auto ours = *make_modp(method, random);
    const std::size_t size = keys::shape_of(method).client_public_bytes;
    EXPECT_FALSE(ours->agree({}).has_value());
    EXPECT_FALSE(ours->agree(Bytes{0}).has_value());
    EXPECT_FALSE(ours->agree(Bytes{1}).has_value());
    EXPECT_TRUE(ours->agree(Bytes{2}).has_value());
    EXPECT_FALSE(ours->agree(Bytes(size, 0xff)).has_value());      // above p
    EXPECT_FALSE(ours->agree(Bytes(size + 1, 0x01)).has_value());  // longer than p
  }
}

TEST(KeyAgreement, BothSidesGetTheSameSecret) {
  FixedRandom random(3);
  for (auto method :
       {keys::KexMethod::curve25519_sha256, keys::KexMethod::ecdh_sha2_nistp521, keys::KexMethod::dh_group14_sha256,
        keys::KexMethod::mlkem768x25519_sha256, keys::KexMethod::sntrup761x25519_sha512}) {
    auto client = *make_key_agreement(method, Role::client, random);
    auto server = *make_key_agreement(method, Role::server, random);
    const auto at_server = server->agree(client->public_value());
    const auto at_client = client->agree(server->public_value());
    ASSERT_TRUE(at_server && at_client);
    EXPECT_TRUE(std::ranges::equal(at_server->view(), at_client->view()));
    const auto shape = keys::shape_of(method);
    EXPECT_LE(client->public_value().size(), shape.client_public_bytes);
    EXPECT_LE(server->public_value().size(), shape.server_public_bytes);
    EXPECT_LE(at_client->size(), shape.shared_secret_bytes);
  }
}

TEST(KeyAgreement, RefusesGroupsOfWrongForm) {
  FixedRandom random(3);
  const Bytes two{2};
  Bytes prime(256, 0xff);
  EXPECT_TRUE(make_modp_of_group(prime, two, random).has_value());
  EXPECT_FALSE(make_modp_of_group(prime, Bytes{1}, random).has_value());
  EXPECT_FALSE(make_modp_of_group(prime, {}, random).has_value());
  EXPECT_FALSE(make_modp_of_group(prime, prime, random).has_value());
  EXPECT_FALSE(make_modp_of_group(Bytes(255, 0xff), two, random).has_value()) << "below 2048 bits";
  EXPECT_FALSE(make_modp_of_group(Bytes(1025, 0xff), two, random).has_value()) << "above 8192 bits";
  EXPECT_FALSE(make_modp_of_group({}, two, random).has_value());
  prime.back() = 0xfe;
  EXPECT_FALSE(make_modp_of_group(prime, two, random).has_value()) << "even";
}

TEST(KeyAgreement, HybridsRefuseBadHalves) {
  FixedRandom random(3);
  for (auto method : {keys::KexMethod::mlkem768x25519_sha256, keys::KexMethod::sntrup761x25519_sha512}) {
    const auto client = *make_key_agreement(method, Role::client, random);
    const Bytes offered = base::to_bytes(client->public_value());
    const auto serve = [&](ByteView value) {
      return (*make_key_agreement(method, Role::server, random))->agree(value);
    };
    EXPECT_TRUE(serve(offered).has_value());
    Bytes zero_point = offered;
    std::fill(zero_point.end() - 32, zero_point.end(), 0);
    EXPECT_FALSE(serve(zero_point).has_value()) << "RFC 7748 section 6.1: an all-zero Curve25519 secret";
    EXPECT_FALSE(serve(ByteView(offered).first(offered.size() - 1)).has_value());
    EXPECT_FALSE(serve(ByteView(offered).first(32)).has_value());
    EXPECT_FALSE(serve({}).has_value());
    const Bytes answer(keys::shape_of(method).server_public_bytes, 0);
    EXPECT_FALSE(client->agree(answer).has_value()) << "the zero point again";
    EXPECT_FALSE(client->agree({}).has_value());
  }
  Bytes too_large = base::to_bytes(
      (*make_key_agreement(keys::KexMethod::mlkem768x25519_sha256, Role::client, random))->public_value());
  too_large[0] = too_large[1] = 0xff;  // FIPS 203 section 7.2
  EXPECT_FALSE((*make_key_agreement(keys::KexMethod::mlkem768x25519_sha256, Role::server, random))
                   ->agree(too_large)
                   .has_value());
}

TEST(WarmUp, Works) {
  FixedRandom random(3);
  EXPECT_TRUE(warm_up(random));
}

}  // namespace
}  // namespace sallyport::codec::ssh
