// SPDX-License-Identifier: Apache-2.0
// Pages over the logs of several nodes: everything once, by time, however the logs and the pages lie.
#include "broker/api/audit_pages.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

namespace sallyport::broker::api {
namespace {

class AuditPagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/sallyport-pages-XXXXXX";
    dir = ::mkdtemp(name.data());
  }
  void TearDown() override {
    store.reset();
    std::filesystem::remove_all(dir);
  }
  // A log of this node's is made another's: in a store of one's own no other node writes.
  void write_log(const std::string& node, const std::vector<base::Micros>& times) {
    open();
    std::vector<store::AuditRow> rows;
    for (const base::Micros time_us : times) {
      store::AuditRow row;
      row.seq = static_cast<std::int64_t>(rows.size()) + 1;
      row.time_us = time_us;
      row.type = row.seq % 3 == 0 ? "test.third" : "test.event";
      row.actor = "t";
      row.body = "{\"seq\":" + std::to_string(row.seq) + "}" + std::string(2'000, ' ');
      rows.push_back(row);
    }
    ASSERT_TRUE(store->append_audit(rows));
    store.reset();
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((dir + "/sallyport.db").c_str(), &database), SQLITE_OK);
    const std::string rename = "UPDATE audit SET node = '" + node + "' WHERE node = 'node'";
    EXPECT_EQ(sqlite3_exec(database, rename.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    EXPECT_GT(sqlite3_changes(database), 0);
    sqlite3_close(database);
    open();
  }
  void open() {
    store.reset();
    auto opened = store::Store::open({"sqlite", dir});
    ASSERT_TRUE(opened) << opened.message();
    store = std::move(*opened);
  }
  std::vector<AuditItem> read_all(const store::AuditFilter& filter, AuditCursors cursors) {
    std::vector<AuditItem> out;
    for (int pages = 0; pages < 1'000; ++pages) {
      auto page = read_audit_page(*store, filter, cursors, false);
      EXPECT_TRUE(page) << page.message();
      EXPECT_TRUE(!page->cut || !page->items.empty()) << "a page that goes on gets somewhere";
      std::size_t bytes = 0;
      for (AuditItem& item : page->items) {
        cursors[item.node] = item.seq;
        bytes += item.json.size();
        out.push_back(std::move(item));
      }
      EXPECT_LT(bytes, 1'000'000U);
      if (!page->cut) return out;
    }
    ADD_FAILURE() << "it does not end";
    return out;
  }

  std::string dir;
  std::unique_ptr<store::Store> store;
};

bool earlier(const AuditItem& x, const AuditItem& y) {
  return x.time_us < y.time_us;
}

TEST_F(AuditPagesTest, SeveralLogsAreOneByTime) {
  std::mt19937 random(20260301);
  std::map<std::string, std::size_t> sizes{{"a", 900}, {"b", 350}, {"c", 3}};
  for (const auto& [node, size] : sizes) {
    std::vector<base::Micros> times;
    for (std::size_t i = 0; i < size; ++i) times.push_back(static_cast<base::Micros>(random() % 100'000));
    std::sort(times.begin(), times.end());
    write_log(node, times);
  }
  const auto all = read_all({}, {});
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), earlier));
  std::map<std::string, std::int64_t> last;
  for (const AuditItem& item : all) EXPECT_EQ(item.seq, ++last[item.node]) << item.node;
  for (const auto& [node, size] : sizes) EXPECT_EQ(last[node], static_cast<std::int64_t>(size)) << node;

  store::AuditFilter one;
  one.node = "b";
  EXPECT_EQ(read_all(one, {{"b", 300}}).size(), 50U);

  for (const std::int64_t count : {1, 40, 2'000}) {
    auto newest = find_newest(*store, {}, count);
    ASSERT_TRUE(newest) << newest.message();
    const auto tail = read_all({}, newest->before);
    ASSERT_EQ(tail.size(), std::min<std::size_t>(static_cast<std::size_t>(count), all.size()));
    for (std::size_t i = 0; i < tail.size(); ++i) {
      EXPECT_EQ(tail[tail.size() - 1 - i].time_us, all[all.size() - 1 - i].time_us) << i << " from the end";
    }
    for (const auto& [node, seq] : newest->last) EXPECT_EQ(seq, last[node]);
  }
}

TEST_F(AuditPagesTest, AClockThatWasSetBackLosesNothing) {
  std::vector<base::Micros> times;
  for (base::Micros i = 0; i < 500; ++i) times.push_back(i < 250 ? 1'000'000 + i : i);
  write_log("a", times);
  write_log("b", {500'000, 500'001});
  const auto all = read_all({}, {});
  std::map<std::string, std::int64_t> last;
  for (const AuditItem& item : all) EXPECT_EQ(item.seq, ++last[item.node]) << item.node;
  EXPECT_EQ(last, (std::map<std::string, std::int64_t>{{"a", 500}, {"b", 2}}));
  auto newest = find_newest(*store, {}, 10);
  ASSERT_TRUE(newest);
  EXPECT_GE(read_all({}, newest->before).size(), 10U);
}

TEST_F(AuditPagesTest, WhatIsFilteredOutIsNotCounted) {
  std::vector<base::Micros> times(900, 5);
  write_log("a", times);
  store::AuditFilter third;
  third.type = "test.third";
  EXPECT_EQ(read_all(third, {}).size(), 300U);
  auto newest = find_newest(*store, third, 7);
  ASSERT_TRUE(newest);
  EXPECT_EQ(read_all(third, newest->before).size(), 7U);
  third.text = "nowhere";
  newest = find_newest(*store, third, 7);
  ASSERT_TRUE(newest);
  EXPECT_TRUE(newest->last.empty());
}

}  // namespace
}  // namespace sallyport::broker::api
