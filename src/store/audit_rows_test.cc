// SPDX-License-Identifier: Apache-2.0
// The audit log's statements: unique sequence, filters, cursors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/databases_fixture_test.h"
#include "store/store.h"

namespace sallyport::store {
namespace {

using ::testing::ElementsAre;

AuditRow row(std::int64_t seq, const std::string& type, const std::string& actor, const std::string& body) {
  return {seq, seq * 100, type, actor, "", body, "c2FsdA==", "aa", "bb"};
}

class AuditRowsTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { store_ = std::move(Store::open(database_.options()).value()); }
  std::vector<std::int64_t> seqs(const AuditFilter& filter) {
    std::vector<std::int64_t> out;
    const auto rows = store_->list_audit(filter);
    for (const AuditRow& r : rows.value()) out.push_back(r.seq);
    return out;
  }
  TestDatabase database_{GetParam()};
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Databases, AuditRowsTest, ::testing::Values(Kind::sqlite, Kind::postgresql), name_of);

TEST_P(AuditRowsTest, ATakenSequenceNumberFailsTheWholeBatch) {
  EXPECT_EQ(store_->last_audit().error().code, base::Errc::not_found);
  ASSERT_TRUE(store_->append_audit(std::vector{row(1, "a", "x", "{}")}));
  EXPECT_EQ(store_->append_audit(std::vector{row(2, "a", "x", "{}"), row(1, "b", "x", "{}")}).error().code,
            base::Errc::exists);
  EXPECT_EQ(store_->last_audit()->seq, 1);
}

TEST_P(AuditRowsTest, FiltersAndCursors) {
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
  EXPECT_THAT(seqs({.text = "AXB"}), ElementsAre(4)) << "of ASCII letters, the case does not count";
  EXPECT_THAT(seqs({.since_us = 200, .until_us = 400}), ElementsAre(2, 3));
}

TEST_P(AuditRowsTest, HeadsAreKeptInOrder) {
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

// Rows under another name than the store's own stand for another node's.
TEST_P(AuditRowsTest, EachNodeHasItsOwnLog) {
  ASSERT_TRUE(store_->append_audit(std::vector{row(1, "a", "x", "{}"), row(2, "a", "x", "{}")}));
  database_.raw(
      "INSERT INTO audit (node, seq, time_us, type, actor, session, body, salt, leaf, chain) VALUES"
      " ('other', 1, 5, 'b', '', '', '{}', '', '', ''), ('other', 9, 6, 'b', '', '', '{}', '', '', '')");
  EXPECT_EQ(store_->last_audit()->seq, 2);
  EXPECT_EQ(store_->last_audit("other")->seq, 9);
  EXPECT_EQ(store_->last_audit("nobody").error().code, base::Errc::not_found);
  EXPECT_THAT(seqs({}), ElementsAre(1, 2));
  EXPECT_THAT(seqs({.node = "other"}), ElementsAre(1, 9));
  EXPECT_THAT(*store_->list_audit_nodes(), ElementsAre("node", "other"));
  EXPECT_EQ(store_->list_audit({.node = "other"})->front().node, "other");
  ASSERT_TRUE(store_->append_audit_head({1, 70, "cc", "key", "sig"}));
  EXPECT_TRUE(store_->list_audit_heads("other")->empty());
}

}  // namespace
}  // namespace sallyport::store
