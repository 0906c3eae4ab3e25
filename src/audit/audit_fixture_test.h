// SPDX-License-Identifier: Apache-2.0
// What the audit tests share: a store in a directory of its own, and a clock that stands still.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "audit/log.h"

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
    auto log = Log::open(*store_, clock_, random_);
    ASSERT_TRUE(log) << log.message();
    log_ = std::move(*log);
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

  std::string dir_;
  StillClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Log> log_;
};

}  // namespace sallyport::audit
