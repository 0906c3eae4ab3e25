// SPDX-License-Identifier: Apache-2.0
// Every way of falsifying the log that this check is there for, and what it says of each.
#include "audit/verify.h"

#include <gmock/gmock.h>
#include <sodium.h>

#include "audit/audit_fixture_test.h"
#include "audit/chain.h"

namespace sallyport::audit {
namespace {

using ::testing::HasSubstr;

class VerifyTest : public AuditTest {
 protected:
  void SetUp() override {
    AuditTest::SetUp();
    public_key_.resize(crypto_sign_PUBLICKEYBYTES);
    secret_key_.resize(crypto_sign_SECRETKEYBYTES);
    crypto_sign_keypair(public_key_.data(), secret_key_.data());
  }
  Head sign() {
    auto head = log_->sign_head(public_key_, [&](base::ByteView message) -> base::Result<base::Bytes> {
      base::Bytes signature(crypto_sign_BYTES);
      crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_key_.data());
      return signature;
    });
    EXPECT_TRUE(head) << head.message();
    return *head;
  }
  Verdict check(const VerifyOptions& options = {}) {
    auto v = verify(*store_, options);
    EXPECT_TRUE(v) << v.message();
    return *v;
  }
  base::Bytes public_key_;
  base::Bytes secret_key_;
};

TEST_F(VerifyTest, AnEmptyAndAnUntouchedLog) {
  EXPECT_TRUE(check().ok);
  append(1200);  // more than a batch
  const Head head = sign();
  EXPECT_EQ(head.seq, 1200);
  EXPECT_EQ(sign().signature, head.signature);
  append(1);
  const Verdict v = check({{public_key_}, head});
  EXPECT_TRUE(v.ok) << v.problem;
  EXPECT_EQ(v.events, 1201);
  EXPECT_EQ(v.heads, 2);
  EXPECT_EQ(v.signed_seq, 1200);
}

TEST_F(VerifyTest, EveryColumnIsUnderTheChain) {
  append(5);
  for (const char* change : {"time_us = time_us + 1", "type = 'other'", "actor = 'mallory'", "session = 'zzz'",
                             "body = replace(body, 'alice', 'mally')", "body = body || ' '", "salt = 'AAAA'",
                             "leaf = chain", "chain = leaf"}) {
    tamper("CREATE TABLE keep AS SELECT * FROM audit");
    tamper(std::string("UPDATE audit SET ") + change + " WHERE seq = 3");
    const Verdict v = check();
    EXPECT_FALSE(v.ok) << change;
    EXPECT_EQ(v.broken_seq, 3) << change;
    EXPECT_THAT(v.problem, HasSubstr("event 3")) << change;
    tamper("DELETE FROM audit; INSERT INTO audit SELECT * FROM keep; DROP TABLE keep");
  }
  EXPECT_TRUE(check().ok);
}

TEST_F(VerifyTest, MissingFirstMiddleAndForeignRows) {
  append(5);
  tamper("DELETE FROM audit WHERE seq = 3");
  EXPECT_EQ(check().broken_seq, 3);
  EXPECT_THAT(check().problem, HasSubstr("event 3 is missing"));
  tamper("DELETE FROM audit WHERE seq = 1");
  EXPECT_EQ(check().broken_seq, 1);
  tamper("UPDATE audit SET seq = 0 WHERE seq = 2");
  EXPECT_FALSE(check().ok);
}

TEST_F(VerifyTest, SwappedEvents) {
  append(4);
  tamper(
      "UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;"
      "UPDATE audit SET seq = 3 WHERE seq = 99");
  EXPECT_EQ(check().broken_seq, 2);
}

TEST_F(VerifyTest, ARewrittenChainContradictsTheHead) {
  append(4);
  sign();
  // An attacker with the database can recompute every hash, but not the signature.
  store::AuditRow forged = *store_->last_audit();
  const auto rows = store_->list_audit({.limit = 3});
  forged.body.replace(forged.body.find("alice"), 5, "mally");
  forged.actor = "mally";
  const base::Bytes leaf = leaf_hash(*base::from_base64(forged.salt), base::view(forged.body));
  const base::Bytes chain = chain_hash(*base::from_hex(rows->back().chain), leaf);
  tamper("DELETE FROM audit WHERE seq = 4");
  forged.leaf = base::to_hex(leaf);
  forged.chain = base::to_hex(chain);
  ASSERT_TRUE(store_->append_audit(std::vector{forged}));
  const Verdict v = check();
  EXPECT_EQ(v.broken_seq, 4);
  EXPECT_THAT(v.problem, HasSubstr("rewritten"));
}

TEST_F(VerifyTest, ACutEndShowsByTheHead) {
  append(4);
  const Head head = sign();
  tamper("DELETE FROM audit WHERE seq > 2");
  EXPECT_EQ(check().broken_seq, 3);
  EXPECT_THAT(check().problem, HasSubstr("the end was cut off"));
  // With the heads gone too, only one kept elsewhere tells.
  tamper("DELETE FROM audit_heads");
  EXPECT_TRUE(check().ok);
  EXPECT_FALSE(check({{}, head}).ok);
}

TEST_F(VerifyTest, ForgedAndStrangeSignatures) {
  append(2);
  sign();
  EXPECT_FALSE(check({{base::Bytes(32, 7)}, std::nullopt}).ok);
  EXPECT_THAT(check({{base::Bytes(32, 7)}, std::nullopt}).problem, HasSubstr("not trusted"));
  tamper("UPDATE audit_heads SET time_us = time_us - 1");
  EXPECT_EQ(check().broken_seq, 2);
  EXPECT_THAT(check().problem, HasSubstr("no valid signature"));
  tamper("UPDATE audit_heads SET signature = 'x', seq = -5");
  EXPECT_FALSE(check().ok);
}

TEST_F(VerifyTest, AHeadTravelsAsJson) {
  append(2);
  const Head head = sign();
  const auto back = head_from_json(to_json(head));
  ASSERT_TRUE(back) << back.message();
  EXPECT_EQ(back->seq, head.seq);
  EXPECT_EQ(back->time_us, head.time_us);
  EXPECT_EQ(back->chain, head.chain);
  EXPECT_EQ(back->signature, head.signature);
  EXPECT_TRUE(check({{public_key_}, *back}).ok);
  for (const char* bad : {"", "[]", "{}", R"({"seq":"1"})", "{\"seq\":1}"}) EXPECT_FALSE(head_from_json(bad)) << bad;
}

}  // namespace
}  // namespace sallyport::audit
