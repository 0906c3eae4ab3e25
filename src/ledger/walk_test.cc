// SPDX-License-Identifier: Apache-2.0
// Every way of falsifying a log that can be seen without the gateway, and what the walk says of each.
#include "ledger/walk.h"

#include <gmock/gmock.h>
#include <sodium.h>

#include <functional>

#include "ledger/chain.h"
#include "ledger/proof.h"

namespace sallyport::ledger {
namespace {

using base::Bytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Signer {
  Bytes public_key = Bytes(crypto_sign_PUBLICKEYBYTES);
  Bytes secret_key = Bytes(crypto_sign_SECRETKEYBYTES);
  Signer() { crypto_sign_keypair(public_key.data(), secret_key.data()); }
  Head over(std::int64_t seq, Bytes chain, Says says = Says::reached) const {
    Head head{seq, 1772366400000000, std::move(chain), public_key, Bytes(crypto_sign_BYTES)};
    const Bytes message = head_message(says, head.seq, head.time_us, head.chain);
    crypto_sign_detached(head.signature.data(), nullptr, message.data(), message.size(), secret_key.data());
    return head;
  }
};

using Events = std::vector<ProvenEvent>;

void chain_up(Events& events) {
  Bytes chain = chain_start();
  for (ProvenEvent& event : events) {
    chain = chain_hash(chain, leaf_hash(*base::from_base64(event.salt), base::view(event.body)));
    event.chain = base::to_hex(chain);
  }
}

Events log_of(int count) {
  Events events;
  for (int i = 1; i <= count; ++i) {
    ProvenEvent event;
    event.seq = i;
    event.body = R"({"actor":"alice","seq":)" + std::to_string(i) + R"(,"type":"session.start"})";
    event.salt = base::to_base64(Bytes(kSaltBytes, static_cast<std::uint8_t>(i)));
    events.push_back(std::move(event));
  }
  chain_up(events);
  return events;
}

Bytes chain_at(const Events& events, std::size_t seq) {
  return *base::from_hex(events[seq - 1].chain);
}

Verdict walk(const Events& events, const std::vector<Head>& heads, std::vector<Bytes> trusted = {},
             std::vector<std::int64_t> known_faults = {}) {
  Walk one(std::move(trusted), std::move(known_faults));
  for (const Head& head : heads) one.claim(Claim::kept, head);
  for (const ProvenEvent& event : events) {
    if (!one.check({event.seq, event.body, event.salt, event.chain})) break;
  }
  return one.finish();
}

TEST(Walk, AnUntouchedLogHolds) {
  const Signer node;
  const Events events = log_of(20);
  const Verdict v =
      walk(events, {node.over(7, chain_at(events, 7)), node.over(20, chain_at(events, 20))}, {node.public_key});
  EXPECT_TRUE(v.ok) << v.problem;
  EXPECT_EQ(v.events, 20);
  EXPECT_EQ(v.heads, 2);
  EXPECT_EQ(v.signed_seq, 20);
  EXPECT_EQ(base::to_hex(v.chain), events.back().chain);
}

TEST(Walk, NamesTheFirstEventThatDoesNotHold) {
  const Events whole = log_of(9);
  const std::vector<std::pair<const char*, std::function<void(Events&)>>> changes = {
      {"a body", [](Events& e) { e[4].body[10] ^= 1; }},
      {"a salt", [](Events& e) { e[4].salt = e[5].salt; }},
      {"a salt that is none", [](Events& e) { e[4].salt = "AAAA"; }},
      {"a chain", [](Events& e) { e[4].chain = e[5].chain; }},
      {"one missing", [](Events& e) { e.erase(e.begin() + 4); }},
      {"one twice", [](Events& e) { e.insert(e.begin() + 4, e[3]); }},
      {"two swapped", [](Events& e) { std::swap(e[4], e[5]); }},
  };
  for (const auto& [name, change] : changes) {
    Events events = whole;
    change(events);
    const Verdict v = walk(events, {});
    EXPECT_FALSE(v.ok) << name;
    EXPECT_EQ(v.broken_seq, 5) << name << ": " << v.problem;
    EXPECT_THAT(v.problem, HasSubstr("event 5")) << name;
  }
}

TEST(Walk, AHeadTellsALogThatWasWrittenAnewFromTheOneItVouchedFor) {
  const Signer node;
  Events events = log_of(9);
  const Head head = node.over(6, chain_at(events, 6));
  events[2].body[10] ^= 1;
  chain_up(events);
  EXPECT_TRUE(walk(events, {}).ok) << "no hash takes a secret";
  const Verdict v = walk(events, {head}, {node.public_key});
  EXPECT_EQ(v.broken_seq, 6);
  EXPECT_THAT(v.problem, HasSubstr("rewritten"));
}

TEST(Walk, AHeadTellsThatTheEndWasCutOff) {
  const Signer node;
  Events events = log_of(9);
  const Head head = node.over(9, chain_at(events, 9));
  events.resize(4);
  const Verdict v = walk(events, {head}, {node.public_key});
  EXPECT_EQ(v.broken_seq, 5);
  EXPECT_THAT(v.problem, HasSubstr("cut off"));
}

TEST(Walk, AHeadOfAnotherKeyOrWithoutASignatureVouchesForNothing) {
  const Signer node, other;
  const Events events = log_of(3);
  EXPECT_THAT(walk(events, {other.over(3, chain_at(events, 3))}, {node.public_key}).problem, HasSubstr("not trusted"));
  Head damaged = node.over(3, chain_at(events, 3));
  damaged.signature[0] ^= 1;
  EXPECT_THAT(walk(events, {damaged}, {node.public_key}).problem, HasSubstr("no valid signature"));
  damaged = node.over(3, chain_at(events, 3));
  damaged.seq = 2;  // a signature is for one place
  EXPECT_FALSE(walk(events, {damaged}, {node.public_key}).ok);
  const Head end = node.over(3, chain_at(events, 3), Says::ends);
  EXPECT_THAT(walk(events, {end}, {node.public_key}).problem, HasSubstr("no valid signature"));
}

TEST(Walk, AFaultThatTheGatewayNotedFailsUntilItIsKnown) {
  Events events = log_of(4);
  events[2].body = R"({"problem":"the end was gone","seq":3,"type":"audit.fault"})";
  events[3].body = R"({"command":"grep audit.fault","seq":4,"type":"session.start"})";  // only speaks of one
  chain_up(events);
  const Verdict v = walk(events, {});
  EXPECT_EQ(v.broken_seq, 3);
  EXPECT_THAT(v.problem, HasSubstr("the end was gone"));
  EXPECT_THAT(v.faults, ElementsAre(3));
  EXPECT_TRUE(walk(events, {}, {}, {3}).ok);
}

TEST(ProofLine, ComesBackAsItWas) {
  const Signer node;
  ProvenEvent event{7, R"({"text":"é\"\\ \u0000"})", "c2FsdA==", "00ff"};
  const auto back = proof_line_from_json(to_json(event));
  ASSERT_TRUE(back && std::holds_alternative<ProvenEvent>(*back)) << back.message();
  const auto& same = std::get<ProvenEvent>(*back);
  EXPECT_EQ(std::tie(same.seq, same.body, same.salt, same.chain),
            std::tie(event.seq, event.body, event.salt, event.chain));
  const auto head = proof_line_from_json(to_json(node.over(3, Bytes(kHashBytes, 1))));
  ASSERT_TRUE(head && std::holds_alternative<Head>(*head));
  for (const char* bad : {"", "[]", "{}", R"({"body":"x"})", R"({"seq":"1","body":"","salt":"","chain":""})",
                          R"({"seq":1,"body":2,"salt":"","chain":""})"}) {
    EXPECT_FALSE(proof_line_from_json(bad)) << bad;
  }
  EXPECT_FALSE(proof_line_from_json(std::string(kMaxProofLineBytes + 1, ' ')));
}

}  // namespace
}  // namespace sallyport::ledger
