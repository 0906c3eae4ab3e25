// SPDX-License-Identifier: Apache-2.0
// Every way of falsifying the log that this check is there for, and what it says of each.
#include "audit/verify.h"

#include <gmock/gmock.h>
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "audit/audit_fixture_test.h"

namespace sallyport::audit {
namespace {

using ::testing::HasSubstr;

class VerifyTest : public AuditTest {
 protected:
  Verdict check(const VerifyOptions& options = {}) {
    auto v = verify(*store_, options);
    EXPECT_TRUE(v) << v.message();
    return *v;
  }
};

INSTANTIATE_TEST_SUITE_P(Databases, VerifyTest, kBothDatabases, store::name_of);

TEST_P(VerifyTest, AnEmptyAndAnUntouchedLog) {
  EXPECT_TRUE(check().ok);
  append(1200);  // more than a batch
  const Head head = keep_head();
  EXPECT_EQ(head.seq, 1200);
  EXPECT_EQ(keep_head().signature, head.signature);
  append(1);
  const Verdict v = check({{public_key_}, {head}});
  EXPECT_TRUE(v.ok) << v.problem;
  EXPECT_EQ(v.events, 1201);
  EXPECT_EQ(v.heads, 2);
  EXPECT_EQ(v.signed_seq, 1201) << "the end is always signed";
}

TEST_P(VerifyTest, EveryColumnIsUnderTheChain) {
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

TEST_P(VerifyTest, MissingFirstMiddleAndForeignRows) {
  append(5);
  tamper("DELETE FROM audit WHERE seq = 3");
  EXPECT_EQ(check().broken_seq, 3);
  EXPECT_THAT(check().problem, HasSubstr("event 3 is missing"));
  tamper("DELETE FROM audit WHERE seq = 1");
  EXPECT_EQ(check().broken_seq, 1);
  tamper("UPDATE audit SET seq = 0 WHERE seq = 2");
  EXPECT_FALSE(check().ok);
}

TEST_P(VerifyTest, SwappedEvents) {
  append(4);
  tamper(
      "UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;"
      "UPDATE audit SET seq = 3 WHERE seq = 99");
  EXPECT_EQ(check().broken_seq, 2);
}

TEST_P(VerifyTest, ARewrittenChainContradictsTheHead) {
  append(4);
  keep_head();
  // An attacker with the database can recompute every hash, but not the signature.
  forge(4, "alice", "mally");
  const Verdict v = check();
  EXPECT_EQ(v.broken_seq, 4);
  EXPECT_THAT(v.problem, HasSubstr("rewritten"));
}

TEST_P(VerifyTest, ACutEndShowsByTheHead) {
  append(4);
  const Head head = keep_head();
  tamper("DELETE FROM audit WHERE seq > 2");
  EXPECT_EQ(check().broken_seq, 3);
  EXPECT_THAT(check().problem, HasSubstr("the end was cut off"));
  // An end without a signature is no end.
  tamper("DELETE FROM audit_heads; DELETE FROM settings WHERE name = 'audit.tip.node'");
  EXPECT_EQ(check().broken_seq, 2);
  EXPECT_THAT(check().problem, HasSubstr("is gone"));
  EXPECT_FALSE(check({{}, {head}}).ok);
}

TEST_P(VerifyTest, AnOlderStateIsOnlyToldByAHeadKeptElsewhere) {
  append(2);
  keep_head();
  tamper("CREATE TABLE old_end AS SELECT * FROM settings");
  append(2);
  const Head head = keep_head();
  // All that the node signed later is taken away, and what it signed earlier put back.
  tamper(
      "DELETE FROM audit WHERE seq > 2; DELETE FROM audit_heads WHERE seq > 2; DELETE FROM settings;"
      "INSERT INTO settings SELECT * FROM old_end");
  EXPECT_TRUE(check({{public_key_}}).ok);
  const Verdict v = check({{public_key_}, {head}});
  EXPECT_EQ(v.broken_seq, 3);
  EXPECT_THAT(v.problem, HasSubstr("the head kept elsewhere"));
}

TEST_P(VerifyTest, AddedEventsAreNotTheNodes) {
  append(2);
  store::AuditRow row = *store_->last_audit();
  row.body.replace(row.body.find("\"seq\":2"), 7, "\"seq\":3");
  row.seq = 3;
  const base::Bytes leaf = ledger::leaf_hash(*base::from_base64(row.salt), base::view(row.body));
  row.leaf = base::to_hex(leaf);
  row.chain = base::to_hex(ledger::chain_hash(*base::from_hex(row.chain), leaf));
  ASSERT_TRUE(store_->append_audit(std::vector{row}));
  EXPECT_EQ(check().broken_seq, 3);
  EXPECT_THAT(check().problem, HasSubstr("added by somebody else"));
}

TEST_P(VerifyTest, HeadsThatAreMissingAreMissed) {
  append(2);
  const base::Micros first = clock_.now;
  keep_head();
  clock_.now += kHeadPeriodUs;
  append(1);
  EXPECT_TRUE(check({{public_key_}, {}, first + 1}).ok) << "the newest events need no head yet";
  const Verdict late = check({{public_key_}, {}, clock_.now + 1});
  EXPECT_EQ(late.broken_seq, 3);
  EXPECT_THAT(late.problem, HasSubstr("no head was kept over event 3"));
  tamper("DELETE FROM audit_heads");
  EXPECT_EQ(check({{public_key_}, {}, first + 1}).broken_seq, 1);
}

TEST_P(VerifyTest, WhatIsAddedMeanwhileIsLeftForTheNextTime) {
  append(600);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) EXPECT_TRUE(log_->append({"x", "a", "", {}}));
  });
  for (int i = 0; i < 5; ++i) {
    const Verdict v = check({{public_key_}});
    EXPECT_TRUE(v.ok) << v.problem;
    EXPECT_EQ(v.signed_seq, v.events);
  }
  stop = true;
  writer.join();
}

TEST_P(VerifyTest, ForgedAndStrangeSignatures) {
  append(2);
  keep_head();
  EXPECT_FALSE(check({{base::Bytes(32, 7)}}).ok);
  EXPECT_THAT(check({{base::Bytes(32, 7)}}).problem, HasSubstr("not trusted"));
  tamper("UPDATE audit_heads SET time_us = time_us - 1");
  EXPECT_EQ(check().broken_seq, 2);
  EXPECT_THAT(check().problem, HasSubstr("no valid signature"));
  tamper("UPDATE audit_heads SET signature = 'x', seq = -5");
  EXPECT_FALSE(check().ok);
}

TEST_P(VerifyTest, AHeadTravelsAsJson) {
  append(2);
  const Head head = keep_head();
  const auto back = ledger::head_from_json(ledger::to_json(head));
  ASSERT_TRUE(back) << back.message();
  EXPECT_EQ(back->seq, head.seq);
  EXPECT_EQ(back->time_us, head.time_us);
  EXPECT_EQ(back->chain, head.chain);
  EXPECT_EQ(back->signature, head.signature);
  EXPECT_TRUE(check({{public_key_}, {*back}}).ok);
  for (const char* bad : {"", "[]", "{}", R"({"seq":"1"})", "{\"seq\":1}"})
    EXPECT_FALSE(ledger::head_from_json(bad)) << bad;
}

std::string contents(const std::string& path) {
  std::ifstream in(SALLYPORT_TEST_DATA "/store/" + path);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

// Written when a store had one log, and none of its events named a node.
TEST_P(VerifyTest, ALogFromBeforeNodesHadTheirOwnStillHolds) {
  if (GetParam() != store::Kind::sqlite) GTEST_SKIP() << "there was no other database then";
  log_.reset();
  store_.reset();
  std::filesystem::remove(database_.dir() + "/sallyport.db");
  tamper(contents("one_chain.sql"));
  store_ = std::move(store::Store::open(database_.options("gate1")).value());

  const Head kept = *ledger::head_from_json(contents("one_chain.head.json"));
  const VerifyOptions options{{kept.public_key}, {kept}};
  Verdict v = check(options);
  EXPECT_TRUE(v.ok) << v.problem;
  EXPECT_EQ(v.events, 25);
  EXPECT_EQ(v.heads, 4) << "three in the store, and the one that was kept";
  EXPECT_EQ(v.signed_seq, 25);
  tamper("UPDATE audit SET node = 'gate2'");
  EXPECT_FALSE(check(options).ok);
  tamper("UPDATE audit SET node = 'gate1'; DELETE FROM audit WHERE seq > 14");
  EXPECT_FALSE(check(options).ok);
}

TEST_P(VerifyTest, NodesHaveLogsAndKeysOfTheirOwn) {
  append(3);
  const Head head = keep_head();
  const base::Bytes first_key = public_key_;
  log_.reset();
  if (GetParam() == store::Kind::sqlite) {
    // A file is one node's; only the rows are looked at here.
    tamper("UPDATE settings SET value = 'second' WHERE name = 'store.node'");
  }
  store_.reset();
  store_ = std::move(store::Store::open(database_.options("second")).value());
  crypto_sign_keypair(public_key_.data(), secret_key_.data());
  log_ = std::move(Log::open(*store_, clock_, random_, signer()).value());
  append(2);
  EXPECT_EQ(store_->last_audit()->seq, 2) << "it begins at 1";
  const Verdict own = check({{public_key_}});
  EXPECT_TRUE(own.ok) << own.problem;
  EXPECT_EQ(own.events, 2);
  VerifyOptions other{{first_key}, {head}};
  other.node = "node";
  EXPECT_TRUE(check(other).ok) << check(other).problem;
  EXPECT_EQ(check(other).events, 3);
  other.trusted_keys = {public_key_};
  EXPECT_FALSE(check(other).ok);
  // Nor can an event be moved from one log to another.
  tamper("DELETE FROM audit WHERE node = 'second' AND seq = 2");
  tamper("UPDATE audit SET node = 'second' WHERE node = 'node' AND seq = 2");
  EXPECT_EQ(check({{public_key_}}).broken_seq, 2);
}

}  // namespace
}  // namespace sallyport::audit
