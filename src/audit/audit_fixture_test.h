// SPDX-License-Identifier: Apache-2.0
// What the audit tests share: a store in a directory of its own, and a clock that stands still.
#pragma once

#include <gtest/gtest.h>
#include <sodium.h>

#include <atomic>
#include <string>

#include "audit/log.h"
#include "ledger/chain.h"
#include "store/databases_fixture_test.h"

namespace sallyport::audit {

class StillClock final : public base::Clock {
 public:
  base::Micros now_us() const override { return now; }
  base::Micros monotonic_us() const override { return now; }
  std::atomic<base::Micros> now = 1772366400000000;  // threads of the code under test read it
};

class AuditFixture : public ::testing::Test {
 protected:
  explicit AuditFixture(store::Kind kind = store::Kind::sqlite) : database_(kind) {}
  void SetUp() override {
    public_key_.resize(crypto_sign_PUBLICKEYBYTES);
    secret_key_.resize(crypto_sign_SECRETKEYBYTES);
    crypto_sign_keypair(public_key_.data(), secret_key_.data());
    reopen();
  }
  void TearDown() override {
    log_.reset();
    store_.reset();
  }
  void reopen() {
    log_.reset();
    store_.reset();
    auto store = store::Store::open(database_.options());
    ASSERT_TRUE(store) << store.message();
    store_ = std::move(*store);
    auto log = Log::open(*store_, clock_, random_, signer());
    ASSERT_TRUE(log) << log.message();
    log_ = std::move(*log);
  }
  Signer signer() const {
    return {public_key_, [secret = secret_key_](base::ByteView message) -> base::Result<base::Bytes> {
              base::Bytes signature(crypto_sign_BYTES);
              crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret.data());
              return signature;
            }};
  }
  Head keep_head() {
    auto head = log_->keep_head();
    EXPECT_TRUE(head) << head.message();
    return head ? *head : Head{};
  }
  /// Changes the database behind the log's back.
  void tamper(const std::string& sql) { database_.raw(sql); }
  void append(int n) {
    clock_.now += 1000;
    std::vector<Event> events;
    for (int i = 0; i < n; ++i) events.push_back({"session.start", "alice", "01abc", {{"n", std::int64_t{i}}}});
    ASSERT_TRUE(log_->append(events));
  }

  /// What a forger with the database can do without any secret: changes a text in the event, in what the columns say
  /// and in every hash from there on.
  void forge(std::int64_t seq, const std::string& from, const std::string& to) {
    auto rows = *store_->list_audit({});
    base::Bytes chain = ledger::chain_start();
    for (store::AuditRow& row : rows) {
      if (row.seq == seq) {
        ASSERT_NE(row.body.find(from), std::string::npos);
        row.body.replace(row.body.find(from), from.size(), to);
        if (row.actor == from) row.actor = to;
      }
      const base::Bytes leaf = ledger::leaf_hash(*base::from_base64(row.salt), base::view(row.body));
      chain = ledger::chain_hash(chain, leaf);
      row.leaf = base::to_hex(leaf);
      row.chain = base::to_hex(chain);
    }
    tamper("DELETE FROM audit");
    ASSERT_TRUE(store_->append_audit(rows));
  }

  base::Bytes public_key_;
  base::Bytes secret_key_;
  store::TestDatabase database_;
  StillClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Log> log_;
};

/// Over both databases.
class AuditTest : public AuditFixture, public ::testing::WithParamInterface<store::Kind> {
 protected:
  AuditTest() : AuditFixture(GetParam()) {}
};

inline const auto kBothDatabases = ::testing::Values(store::Kind::sqlite, store::Kind::postgresql);

}  // namespace sallyport::audit
