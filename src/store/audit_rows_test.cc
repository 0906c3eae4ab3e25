// SPDX-License-Identifier: Apache-2.0
// The audit log's statements: unique sequence, filters, cursors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "store/store.h"

namespace sallyport::store {
namespace {

using ::testing::ElementsAre;

AuditRow row(std::int64_t seq, const std::string& type, const std::string& actor, const std::string& body) {
  return {seq, seq * 100, type, actor, "", body, "c2FsdA==", "aa", "bb"};
}

class AuditRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-rows-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    dir_ = path;
    store_ = std::move(Store::open({"sqlite", dir_}).value());
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  std::vector<std::int64_t> seqs(const AuditFilter& filter) {
    std::vector<std::int64_t> out;
    const auto rows = store_->list_audit(filter);
    for (const AuditRow& r : rows.value()) out.push_back(r.seq);
    return out;
  }
  std::string dir_;
  std::unique_ptr<Store> store_;
};

TEST_F(AuditRowsTest, ATakenSequenceNumberFailsTheWholeBatch) {
  EXPECT_EQ(store_->last_audit().error().code, base::Errc::not_found);
  ASSERT_TRUE(store_->append_audit(std::vector{row(1, "a", "x", "{}")}));
  EXPECT_EQ(store_->append_audit(std::vector{row(2, "a", "x", "{}"), row(1, "b", "x", "{}")}).error().code,
            base::Errc::exists);
  EXPECT_EQ(store_->last_audit()->seq, 1);
}

TEST_F(AuditRowsTest, FiltersAndCursors) {
  ASSERT_TRUE(store_->append_audit(
      std::vector{row(1, "session.start", "alice", R"({"p":"100%"})"), row(2, "session.end", "bob", R"({"p":"100x"})"),
                  row(3, "sessions", "alice", R"({"p":"a_b"})"), row(4, "auth.failure", "eve", R"({"p":"aXb"})")}));
  EXPECT_THAT(seqs({}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(seqs({.after_seq = 2}), ElementsAre(3, 4));
  EXPECT_THAT(seqs({.limit = 2}), ElementsAre(1, 2));
  EXPECT_THAT(seqs({.limit = 2, .order = AuditFilter::Order::newest_first}), ElementsAre(4, 3));
  EXPECT_THAT(seqs({.type = "session."}), ElementsAre(1, 2));
  EXPECT_THAT(seqs({.max_bytes = 1}), ElementsAre(1));
  EXPECT_THAT(seqs({.max_bytes = 13}), ElementsAre(1, 2)) << "the row that reaches it is the last one";
  EXPECT_THAT(seqs({.type = "sessions"}), ElementsAre(3));
  EXPECT_THAT(seqs({.actor = "alice"}), ElementsAre(1, 3));
  EXPECT_THAT(seqs({.text = "100%"}), ElementsAre(1));
  EXPECT_THAT(seqs({.text = "a_b"}), ElementsAre(3));
  EXPECT_THAT(seqs({.since_us = 200, .until_us = 400}), ElementsAre(2, 3));
}

TEST_F(AuditRowsTest, HeadsAreKeptInOrder) {
  EXPECT_EQ(store_->last_audit_head().error().code, base::Errc::not_found);
  ASSERT_TRUE(store_->append_audit_head({7, 70, "cc", "key", "sig"}));
  ASSERT_TRUE(store_->append_audit_head({3, 30, "dd", "key", "sig"}));
  EXPECT_EQ(store_->append_audit_head({3, 31, "ee", "key", "sig"}).error().code, base::Errc::exists);
  const auto heads = store_->list_audit_heads();
  ASSERT_EQ(heads->size(), 2U);
  EXPECT_EQ((*heads)[0].seq, 3);
  EXPECT_EQ((*heads)[1].chain, "cc");
  EXPECT_EQ(store_->last_audit_head()->seq, 7);
}

}  // namespace
}  // namespace sallyport::store
