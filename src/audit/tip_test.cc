// SPDX-License-Identifier: Apache-2.0
// The log changed behind the gateway's back, while it runs and while it does not.
#include "audit/tip.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "audit/audit_fixture_test.h"
#include "audit/verify.h"

namespace {
bool disk_fails = false;  // nothing can be synced
}

// SQLite's call: the executable's definition comes before the C library's.
extern "C" int fdatasync(int fd) {
  if (!disk_fails) return fsync(fd);
  errno = EIO;
  return -1;
}

namespace sallyport::audit {
namespace {

using base::Errc;
using ::testing::HasSubstr;

class TipTest : public AuditTest {
 protected:
  Verdict check(std::vector<std::int64_t> known_faults = {}) {
    auto v = verify(*store_, {{public_key_}, {}, 0, std::move(known_faults)});
    EXPECT_TRUE(v) << v.message();
    return *v;
  }
  void expect_refused() {
    const std::int64_t before = store_->last_audit() ? store_->last_audit()->seq : 0;
    const auto entry = log_->append({"x", "a", "", {}});
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().code, Errc::corrupt);
    EXPECT_THAT(entry.message(), HasSubstr("behind the gateway's back"));
    EXPECT_FALSE(log_->keep_head());
    EXPECT_EQ(store_->last_audit() ? store_->last_audit()->seq : 0, before);
  }
  /// After a start on what was changed: it goes on, says so, and so does every check from now on.
  void expect_fault(const std::string& problem) {
    reopen();
    ASSERT_TRUE(store_->last_audit());
    const store::AuditRow row = *store_->last_audit();
    EXPECT_EQ(row.type, ledger::kFaultType);
    const std::string said = nlohmann::json::parse(row.body)["problem"];
    EXPECT_THAT(said, HasSubstr(problem));
    append(1);
    keep_head();
    reopen();
    EXPECT_NE(store_->last_audit()->type, ledger::kFaultType) << "it is noted once";
    EXPECT_FALSE(check().ok);
  }
};

INSTANTIATE_TEST_SUITE_P(Databases, TipTest, kBothDatabases, store::name_of);

TEST_P(TipTest, NothingIsAddedToOrSignedOverWhatSomebodyElseWrote) {
  append(4);
  keep_head();
  const Head before = *read_tip(*store_);
  forge(2, "alice", "mally");
  tamper("DELETE FROM audit_heads");
  expect_refused();
  EXPECT_EQ(read_tip(*store_)->signature, before.signature);
  EXPECT_TRUE(store_->list_audit_heads()->empty());
  EXPECT_FALSE(check().ok);
  // Whoever repairs it finds a log that goes on.
  forge(2, "mally", "alice");
  append(1);
}

TEST_P(TipTest, ACutOrExtendedLogIsNotGoneOnWith) {
  append(4);
  tamper("CREATE TABLE keep AS SELECT * FROM audit; DELETE FROM audit WHERE seq = 4");
  expect_refused();
  tamper("DELETE FROM audit");
  expect_refused();
  tamper("INSERT INTO audit SELECT * FROM keep; UPDATE audit SET seq = 5 WHERE seq = 4");
  expect_refused();
}

TEST_P(TipTest, ARolledBackEventIsNotMissed) {
  append(1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(store_->transaction([&]() -> base::Status {
      EXPECT_TRUE(log_->append({"a", "x", "", {}}));
      EXPECT_TRUE(log_->append({"b", "x", "", {}}));
      return base::fail(Errc::denied, "changed my mind");
    }));
    append(1);
  }
  EXPECT_TRUE(check().ok);
  EXPECT_EQ(check().signed_seq, 3);
}

TEST_P(TipTest, AnEventWhoseCommitCouldNotBeSyncedIsNoFault) {
  if (GetParam() != store::Kind::sqlite) GTEST_SKIP() << "the disk is the server's";
  append(1);
  disk_fails = true;
  EXPECT_EQ(log_->append({"a", "x", "", {}}).error().code, Errc::io);
  EXPECT_EQ(log_->append({"a", "x", "", {}}).error().code, Errc::io);
  disk_fails = false;
  append(1);
  EXPECT_TRUE(check().ok) << check().problem;
}

TEST_P(TipTest, AStartFindsARewrittenLog) {
  append(4);
  keep_head();
  forge(2, "alice", "mally");
  tamper("DELETE FROM audit_heads");
  expect_fault("event 4 is not the one that this node signed");
  const Verdict v = check();
  EXPECT_EQ(v.broken_seq, 5);
  EXPECT_THAT(v.problem, HasSubstr("noted in event 5"));
  EXPECT_EQ(v.faults, std::vector<std::int64_t>{5});
  // Whoever has looked into it can go on checking: the next fault is told again.
  EXPECT_TRUE(check({5}).ok) << check({5}).problem;
  EXPECT_EQ(check({5}).faults, std::vector<std::int64_t>{5});
  tamper("DELETE FROM settings WHERE name = 'audit.tip.node'");
  reopen();
  EXPECT_EQ(check({5}).broken_seq, 7);
}

// A head that was kept vouches for events, not for there being no more.
TEST_P(TipTest, AStartFindsALogThatWasCutAtAHead) {
  append(2);
  const std::string head = ledger::to_json(keep_head());
  append(2);
  tamper("DELETE FROM audit WHERE seq > 2; UPDATE settings SET value = '" + head + "' WHERE name = 'audit.tip.node'");
  EXPECT_THAT(check().problem, HasSubstr("the signed end at event 2 has no valid signature"));
  expect_fault("the signature over its end is not this node's");
}

TEST_P(TipTest, AStartFindsATakenSignature) {
  append(4);
  tamper("DELETE FROM settings WHERE name = 'audit.tip.node'");
  expect_fault("the signature over its end, event 4, is gone");
}

TEST_P(TipTest, AStartFindsADamagedSignature) {
  append(4);
  tamper("UPDATE settings SET value = 'x' WHERE name = 'audit.tip.node'");
  expect_fault("is damaged");
}

TEST_P(TipTest, AStartFindsACutLog) {
  append(4);
  tamper("DELETE FROM audit WHERE seq > 2");
  expect_fault("signed event 4 as the last, but the log ends at event 2");
}

TEST_P(TipTest, AStartFindsADeletedLog) {
  append(4);
  tamper("DELETE FROM audit");
  expect_fault("signed event 4 as the last, but the log ends at event 0");
}

TEST_P(TipTest, AStartFindsAChangedLastEvent) {
  append(4);
  tamper("UPDATE audit SET body = replace(body, 'alice', 'mally') WHERE seq = 4");
  expect_fault("event 4 was changed");
}

TEST_P(TipTest, AStartFindsAnUnreadableEnd) {
  append(4);
  tamper("UPDATE audit SET chain = 'zz' WHERE seq = 4");
  expect_fault("event 4 is not the one");
}

TEST_P(TipTest, AStartFindsAForeignSignature) {
  append(4);
  crypto_sign_keypair(public_key_.data(), secret_key_.data());
  expect_fault("is not this node's");
}

TEST_P(TipTest, AStartFindsAHeadThatContradicts) {
  append(4);
  keep_head();
  tamper("UPDATE audit_heads SET seq = 3");
  expect_fault("the last signed head, at event 3, is not this node's");
}

TEST_P(TipTest, AnEmptyLogIsANewOneOrAFault) {
  ASSERT_TRUE(log_->begin(History::none));
  EXPECT_EQ(store_->last_audit()->type, "audit.begin");
  ASSERT_TRUE(log_->begin(History::none));
  EXPECT_EQ(store_->last_audit()->seq, 1);
  EXPECT_TRUE(check().ok);
  tamper("DELETE FROM audit; DELETE FROM settings WHERE name = 'audit.tip.node'");
  reopen();
  ASSERT_TRUE(log_->begin(History::some));
  EXPECT_EQ(store_->last_audit()->type, ledger::kFaultType);
  EXPECT_EQ(check().broken_seq, 1);
}

}  // namespace
}  // namespace sallyport::audit
