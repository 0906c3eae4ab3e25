// SPDX-License-Identifier: Apache-2.0
// What the audit tests share: a store in a directory of its own, and a clock that stands still.
#pragma once

#include <gtest/gtest.h>
#include <sodium.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "audit/log.h"
#include "ledger/chain.h"

namespace sallyport::audit {

class StillClock final : public base::Clock {
 public:
  base::Micros now_us() const override { return now; }
  base::Micros monotonic_us() const override { return now; }
  base::Micros now = 1772366400000000;
};

class AuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-audit-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    dir_ = path;
    public_key_.resize(crypto_sign_PUBLICKEYBYTES);
    secret_key_.resize(crypto_sign_SECRETKEYBYTES);
    crypto_sign_keypair(public_key_.data(), secret_key_.data());
    reopen();
  }
  void TearDown() override {
    log_.reset();
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  void reopen() {
    log_.reset();
    store_.reset();
    auto store = store::Store::open({"sqlite", dir_});
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
  void tamper(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((dir_ + "/sallyport.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
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
  std::string dir_;
  StillClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Log> log_;
};

}  // namespace sallyport::audit
