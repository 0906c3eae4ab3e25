// SPDX-License-Identifier: Apache-2.0
// Changes that wait for a second administrator, on both databases.
#include <gtest/gtest.h>

#include "store/databases_fixture_test.h"

namespace sallyport::store {
namespace {

class ChangesTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    auto opened = Store::open(database_.options());
    ASSERT_TRUE(opened) << opened.message();
    store_ = std::move(*opened);
  }

  TestDatabase database_{GetParam()};
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Databases, ChangesTest, ::testing::Values(Kind::sqlite, Kind::postgresql), name_of);

ChangeRow change(const std::string& id, const std::string& author, const std::string& state) {
  ChangeRow out;
  out.id = id;
  out.state = state;
  out.author = author;
  out.author_life = 3;
  out.actor = "local:" + author;
  out.areas = "policy keys";
  out.reason = "it's \"late\" – überall";
  out.steps = R"([{"what":"put"}])";
  out.created_us = 1;
  out.decide_by_us = 20;
  out.emergency = true;
  out.decided_us = 4;
  out.decided_by = "bob";
  out.comment = "fine";
  out.reviewed_us = 5;
  out.reviewed_by = "carol";
  out.review = "looked at";
  return out;
}

std::vector<std::string> ids(const base::Result<std::vector<ChangeRow>>& rows) {
  std::vector<std::string> out;
  for (const ChangeRow& row : *rows) out.push_back(row.id);
  return out;
}

TEST_P(ChangesTest, AChangeComesBackAsItWasKept) {
  const ChangeRow kept = change("c1", "alice", "waiting");
  ASSERT_TRUE(store_->insert_change(kept));
  EXPECT_EQ(store_->insert_change(kept).error().code, base::Errc::exists);
  const auto row = store_->get_change("c1");
  ASSERT_TRUE(row) << row.message();
  EXPECT_EQ(row->state, "waiting");
  EXPECT_EQ(row->author, "alice");
  EXPECT_EQ(row->author_life, 3);
  EXPECT_EQ(row->actor, "local:alice");
  EXPECT_EQ(row->areas, "policy keys");
  EXPECT_EQ(row->reason, kept.reason);
  EXPECT_EQ(row->steps, kept.steps);
  EXPECT_EQ(row->created_us, 1);
  EXPECT_EQ(row->decide_by_us, 20);
  EXPECT_TRUE(row->emergency);
  EXPECT_EQ(row->decided_us, 4);
  EXPECT_EQ(row->decided_by, "bob");
  EXPECT_EQ(row->comment, "fine");
  EXPECT_EQ(row->reviewed_us, 5);
  EXPECT_EQ(row->reviewed_by, "carol");
  EXPECT_EQ(row->review, "looked at");
  EXPECT_EQ(store_->get_change("c2").error().code, base::Errc::not_found);
}

TEST_P(ChangesTest, OnlyTheFirstDecisionIsKept) {
  ChangeRow row = change("c1", "alice", "waiting");
  ASSERT_TRUE(store_->insert_change(row));
  row.state = "applied";
  row.steps = "never written again";
  ASSERT_TRUE(store_->update_change(row, "waiting"));
  row.state = "denied";
  EXPECT_EQ(store_->update_change(row, "waiting").error().code, base::Errc::exists);
  EXPECT_EQ(store_->get_change("c1")->state, "applied");
  EXPECT_EQ(store_->get_change("c1")->steps, R"([{"what":"put"}])");
}

TEST_P(ChangesTest, AreFoundByStateAuthorTimeAndReview) {
  ASSERT_TRUE(store_->insert_change(change("c1", "alice", "waiting")));
  ASSERT_TRUE(store_->insert_change(change("c2", "bob", "applied")));
  ChangeRow open = change("c3", "alice", "applied");
  open.reviewed_by = "";
  open.decide_by_us = 30;
  ASSERT_TRUE(store_->insert_change(open));
  EXPECT_EQ(ids(store_->list_changes({})), (std::vector<std::string>{"c3", "c2", "c1"}));
  EXPECT_EQ(ids(store_->list_changes({{"waiting", "applied"}, "alice", 0, false, "", 10})),
            (std::vector<std::string>{"c3", "c1"}));
  EXPECT_EQ(ids(store_->list_changes({{}, "", 20, false, "", 10})), (std::vector<std::string>{"c2", "c1"}));
  EXPECT_EQ(ids(store_->list_changes({{}, "", 0, true, "", 10})), (std::vector<std::string>{"c3"}));
  EXPECT_EQ(ids(store_->list_changes({{}, "", 0, false, "c3", 1})), (std::vector<std::string>{"c2"}));
  const auto short_rows = store_->list_changes({{}, "", 0, false, "c3", 1, true});
  ASSERT_EQ(ids(short_rows), (std::vector<std::string>{"c2"}));
  EXPECT_EQ(short_rows->front().steps, "");
  EXPECT_EQ(short_rows->front().created_us, 1);
}

}  // namespace
}  // namespace sallyport::store
