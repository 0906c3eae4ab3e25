// SPDX-License-Identifier: Apache-2.0
// Both ends in one process: handshakes that wait, refusals, cuts, bounds.
#include "leg/tls/connection.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

#include "leg/tls/tls_fixture_test.h"

namespace sallyport::leg::tls {
namespace {

using testing::Holder;
using testing::KeyKind;

const Holder& holder(KeyKind kind) {
  static const Holder p256(KeyKind::p256), p384(KeyKind::p384), rsa(KeyKind::rsa2048);
  return kind == KeyKind::p256 ? p256 : kind == KeyKind::p384 ? p384 : rsa;
}

struct Pair {
  explicit Pair(KeyKind kind, Config client_config = {.role = Role::client}, std::vector<std::string> alpn = {})
      : key(holder(kind)),
        server(std::move(Connection::make({Role::server, {key.der()}, "", std::move(alpn)}).value())),
        client(std::move(Connection::make(client_config).value())) {}

  /// What waits in `from` goes to `to`, so many bytes at a time; false when `to` breaks.
  static bool carry(Connection& from, Connection& to, std::size_t piece = 1 << 16) {
    while (!from.output().empty() && to.wants_input()) {
      const auto part = base::to_bytes(from.output().first(std::min(piece, from.output().size())));
      from.sent(part.size());
      if (!to.feed(part)) return false;
    }
    return true;
  }
  bool turn(std::size_t piece = 1 << 16) {
    if (!carry(*client, *server, piece) || !carry(*server, *client, piece)) return false;
    if (answers && server->signature_due() != nullptr) {
      ++deeds;
      if (!server->answer_signature(key.sign(*server->signature_due()))) return false;
    }
    if (answers && client->judgement_due()) {
      seen_chain = client->peer_chain();
      if (!client->answer_judgement(Connection::Judgement::accepted)) return false;
    }
    return true;
  }
  void shake(std::size_t piece = 1 << 16) {
    ASSERT_TRUE(client->start());
    for (int i = 0; i < 20 && !(client->open() && server->open()); ++i) ASSERT_TRUE(turn(piece));
    ASSERT_TRUE(client->open());
    ASSERT_TRUE(server->open());
  }
  static std::string said(Connection& to) {
    std::string all;
    std::array<std::uint8_t, 1000> buffer;
    for (auto n = to.read(buffer); n && *n > 0; n = to.read(buffer)) all.append(buffer.begin(), buffer.begin() + *n);
    return all;
  }

  const Holder& key;
  std::unique_ptr<Connection> server, client;
  std::vector<base::Bytes> seen_chain;
  int deeds = 0;
  bool answers = true;
};

class TlsOfEveryKey : public ::testing::TestWithParam<KeyKind> {};
INSTANTIATE_TEST_SUITE_P(Keys, TlsOfEveryKey, ::testing::Values(KeyKind::p256, KeyKind::p384, KeyKind::rsa2048));

TEST_P(TlsOfEveryKey, HandshakesByOneDeedAndCarriesBothWays) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, std::size_t{1} << 16}) {
    Pair pair(GetParam());
    pair.shake(piece);
    EXPECT_EQ(pair.deeds, 1);
    EXPECT_EQ(pair.client->version(), "TLSv1.3");
    ASSERT_EQ(pair.seen_chain.size(), 1u);
    EXPECT_EQ(pair.seen_chain.front(), pair.key.der());
    const std::string large(100'000, 'x');
    ASSERT_TRUE(pair.client->write(base::view("ping")));
    ASSERT_TRUE(pair.server->write(base::view(large)));
    std::string at_client;
    for (int i = 0; i < 100 && at_client.size() < large.size(); ++i) {
      ASSERT_TRUE(pair.turn(4096));
      at_client += Pair::said(*pair.client);
    }
    EXPECT_EQ(at_client, large);
    EXPECT_EQ(Pair::said(*pair.server), "ping");
  }
}

/// OpenSSL's own end, for what our client never does.
struct RawClient {
  explicit RawClient(int version) : context(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    ssl = SSL_new(context);
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
  }
  ~RawClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  bool exchange(Connection& server) {
    base::Bytes buffer(1 << 16);
    for (int n = BIO_read(out, buffer.data(), 1 << 16); n > 0; n = BIO_read(out, buffer.data(), 1 << 16)) {
      if (!server.feed({buffer.data(), static_cast<std::size_t>(n)})) return false;
    }
    BIO_write(in, server.output().data(), static_cast<int>(server.output().size()));
    server.sent(server.output().size());
    return true;
  }
  SSL_CTX* context;
  SSL* ssl;
  BIO* in;
  BIO* out;
};

TEST_P(TlsOfEveryKey, ServesTls12AndRefusesToNegotiateAgain) {
  const Holder& key = holder(GetParam());
  auto server = std::move(Connection::make({Role::server, {key.der()}, "", {}}).value());
  RawClient client(TLS1_2_VERSION);
  int deeds = 0;
  for (int i = 0; i < 10 && !(server->open() && SSL_is_init_finished(client.ssl) == 1); ++i) {
    SSL_do_handshake(client.ssl);
    ASSERT_TRUE(client.exchange(*server));
    if (server->signature_due() == nullptr) continue;
    ++deeds;
    ASSERT_TRUE(server->answer_signature(key.sign(*server->signature_due())));
    client.exchange(*server);
  }
  ASSERT_TRUE(server->open());
  EXPECT_EQ(server->version(), "TLSv1.2");
  EXPECT_EQ(deeds, 1);
  SSL_renegotiate(client.ssl);
  for (int i = 0; i < 5; ++i) {
    SSL_do_handshake(client.ssl);
    if (!client.exchange(*server)) break;
    Pair::said(*server);
    EXPECT_EQ(server->signature_due(), nullptr);
  }
}

TEST(TlsConnection, OldVersionsAreRefused) {
  auto server = std::move(Connection::make({Role::server, {holder(KeyKind::p256).der()}, "", {}}).value());
  RawClient client(TLS1_1_VERSION);
  SSL_CTX_set_security_level(client.context, 0);
  SSL_set_security_level(client.ssl, 0);
  SSL_do_handshake(client.ssl);
  EXPECT_FALSE(client.exchange(*server));
  EXPECT_FALSE(server->output().empty()) << "an alert says why";
}

TEST(TlsConnection, WaitsForTheDeedAndTakesNothingMeanwhile) {
  Pair pair(KeyKind::p256);
  pair.answers = false;
  ASSERT_TRUE(pair.client->start());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pair.turn());
  ASSERT_NE(pair.server->signature_due(), nullptr);
  EXPECT_EQ(pair.server->signature_due()->kind, SignatureKind::ecdsa);
  EXPECT_FALSE(pair.server->wants_input());
  EXPECT_FALSE(pair.server->open());
  EXPECT_FALSE(pair.server->write(base::view("early")));
  ASSERT_TRUE(pair.server->answer_signature(pair.key.sign(*pair.server->signature_due())));
  EXPECT_EQ(pair.server->signature_due(), nullptr);
  EXPECT_FALSE(pair.server->answer_signature(base::view("again"))) << "one answer a signature";
}

TEST(TlsConnection, EndsInTheMiddleOfADeed) {
  Pair pair(KeyKind::rsa2048);
  pair.answers = false;
  ASSERT_TRUE(pair.client->start());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pair.turn());
  ASSERT_NE(pair.server->signature_due(), nullptr);
  pair.server.reset();  // the leak checker of the sanitizer build has the rest of this test
}

TEST(TlsConnection, ARefusedOrWrongSignatureOpensNothing) {
  for (const bool refused : {true, false}) {
    for (const KeyKind kind : {KeyKind::p256, KeyKind::rsa2048}) {
      Pair pair(kind);
      pair.answers = false;
      ASSERT_TRUE(pair.client->start());
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(pair.turn());
      SignatureDue other = *pair.server->signature_due();
      other.bytes.back() ^= 1;
      const auto answered = pair.server->answer_signature(refused ? base::Bytes() : pair.key.sign(other));
      EXPECT_NE(answered.has_value(), refused);
      bool whole = true;
      for (int i = 0; i < 5 && whole; ++i) {
        whole = Pair::carry(*pair.server, *pair.client);
        if (pair.client->judgement_due())
          whole = pair.client->answer_judgement(Connection::Judgement::accepted).has_value();
      }
      EXPECT_FALSE(pair.client->open());
      EXPECT_FALSE(whole) << "the client hears of it";
    }
  }
}

TEST(TlsConnection, TheClientWaitsForTheJudgement) {
  Pair pair(KeyKind::p256);
  pair.answers = false;
  ASSERT_TRUE(pair.client->start());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pair.turn());
    if (pair.server->signature_due() != nullptr) {
      ASSERT_TRUE(pair.server->answer_signature(pair.key.sign(*pair.server->signature_due())));
    }
  }
  ASSERT_TRUE(pair.client->judgement_due());
  EXPECT_FALSE(pair.client->open());
  EXPECT_EQ(pair.client->peer_chain().size(), 1u);
  EXPECT_FALSE(pair.client->answer_judgement(Connection::Judgement::refused));
  EXPECT_FALSE(pair.client->open());
  EXPECT_FALSE(Pair::carry(*pair.client, *pair.server)) << "the server hears of it";
  EXPECT_FALSE(pair.client->answer_judgement(Connection::Judgement::accepted)) << "once";
}

TEST(TlsConnection, TheFirstCommonProtocolOfOursIsAgreedOn) {
  Pair pair(KeyKind::p256, {Role::client, {}, "gateway.test", {"http/1.1", "h2"}}, {"h2", "http/1.1"});
  pair.shake();
  EXPECT_EQ(pair.server->alpn(), "h2");
  EXPECT_EQ(pair.client->alpn(), "h2");
  Pair none(KeyKind::p256, {Role::client, {}, "", {"smtp"}}, {"h2"});
  ASSERT_TRUE(none.client->start());
  EXPECT_FALSE(none.turn());
}

TEST(TlsConnection, AnEndIsToldFromACut) {
  Pair pair(KeyKind::p256);
  pair.shake();
  ASSERT_TRUE(pair.client->write(base::view("last")));
  ASSERT_TRUE(Pair::carry(*pair.client, *pair.server));
  EXPECT_EQ(Pair::said(*pair.server), "last");
  EXPECT_FALSE(pair.server->peer_closed());
  pair.client->close();
  EXPECT_FALSE(pair.client->write(base::view("after")));
  ASSERT_TRUE(Pair::carry(*pair.client, *pair.server));
  EXPECT_EQ(Pair::said(*pair.server), "");
  EXPECT_TRUE(pair.server->peer_closed());
}

TEST(TlsConnection, AChangedByteIsABreach) {
  Pair pair(KeyKind::p256);
  pair.shake();
  ASSERT_TRUE(pair.client->write(base::view("secret")));
  auto wire = base::to_bytes(pair.client->output());
  wire.back() ^= 1;
  ASSERT_TRUE(pair.server->feed(wire));
  std::array<std::uint8_t, 100> buffer;
  EXPECT_FALSE(pair.server->read(buffer));
  EXPECT_FALSE(pair.server->feed(wire)) << "nothing more is taken";
}

TEST(TlsConnection, AHandshakeWithoutEndIsABreach) {
  auto server = std::move(Connection::make({Role::server, {holder(KeyKind::p256).der()}, "", {}}).value());
  // Records of a ClientHello that never gets complete, one byte each.
  const base::Bytes first = {22, 3, 1, 0, 4, 1, 0, 0xff, 0xff}, next = {22, 3, 1, 0, 1, 0};
  bool taken = server->feed(first).has_value();
  std::size_t fed = first.size();
  for (; taken && fed < 2 * Connection::kMaxHandshakeBytes; fed += next.size()) taken = server->feed(next).has_value();
  EXPECT_FALSE(taken);
  EXPECT_LE(fed, Connection::kMaxHandshakeBytes + next.size());
}

TEST(TlsConnection, AKeyUpdateFloodIsHeldByWhatWaitsToBeSent) {
  const Holder& key = holder(KeyKind::p256);
  auto server = std::move(Connection::make({Role::server, {key.der()}, "", {}}).value());
  RawClient client(TLS1_3_VERSION);
  for (int i = 0; i < 10 && !server->open(); ++i) {
    SSL_do_handshake(client.ssl);
    ASSERT_TRUE(client.exchange(*server));
    if (server->signature_due() != nullptr) {
      ASSERT_TRUE(server->answer_signature(key.sign(*server->signature_due())));
    }
    client.exchange(*server);
  }
  ASSERT_TRUE(server->open());
  std::array<std::uint8_t, 100> buffer;
  std::size_t most = 0;
  for (int i = 0; i < 20'000 && server->wants_input(); ++i) {
    SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(client.ssl);
    base::Bytes wire(4096);
    const int n = BIO_read(client.out, wire.data(), 4096);
    ASSERT_GT(n, 0);
    ASSERT_TRUE(server->feed({wire.data(), static_cast<std::size_t>(n)}));
    if (!server->read(buffer)) break;
    most = std::max(most, server->output().size());
  }
  EXPECT_GT(most, 0u);
  EXPECT_LE(most, Connection::kMaxWaitingBytes + 4096);
}

TEST(TlsConnection, CertificatesThatCannotServeAreRefused) {
  EXPECT_FALSE(Connection::make({Role::server, {}, "", {}}));
  EXPECT_FALSE(Connection::make({Role::server, {base::to_bytes("no certificate")}, "", {}}));
  EXPECT_FALSE(Connection::make({Role::server, {Holder(KeyKind::ed25519).der()}, "", {}})) << "no deed for this kind";
  EXPECT_FALSE(Connection::make({Role::client, {}, std::string(300, 'a'), {}}));
  EXPECT_FALSE(Connection::make({Role::client, {}, "", {""}}));
}

}  // namespace
}  // namespace sallyport::leg::tls
