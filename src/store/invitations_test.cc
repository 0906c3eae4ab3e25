// SPDX-License-Identifier: Apache-2.0
// Rows of invitations, over both databases.
#include <gtest/gtest.h>

#include "store/databases_fixture_test.h"

namespace sallyport::store {
namespace {

using base::Errc;

class InvitationsTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    auto opened = Store::open(database_.options());
    ASSERT_TRUE(opened) << opened.message();
    store_ = std::move(*opened);
  }
  std::vector<std::string> ids(const InvitationFilter& filter) {
    std::vector<std::string> out;
    const auto rows = store_->list_invitations(filter);
    for (const InvitationRow& row : *rows) out.push_back(row.id);
    return out;
  }
  TestDatabase database_{GetParam()};
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Databases, InvitationsTest, ::testing::Values(Kind::sqlite, Kind::postgresql), name_of);

TEST_P(InvitationsTest, AreKeptChangedAndFound) {
  ASSERT_TRUE(store_->insert_invitation({"i1", "jane", "bob", "aaaa", "hash", 0, 0, "", 0, "", ""}));
  ASSERT_TRUE(store_->insert_invitation({"i2", "joe", "carol", "bbbb", "hash", 0, 0, "", 0, "", ""}));
  EXPECT_EQ(store_->insert_invitation({"i1", "x", "y", "z", "", 0, 0, "", 0, "", ""}).error().code, Errc::exists);
  InvitationRow row{"i1", "jane", "bob", "aaaa", "hash", 3, std::int64_t{1} << 50, "publickey", 12, "bob", "done"};
  ASSERT_TRUE(store_->update_invitation(row));
  InvitationFilter filter;
  filter.lookup = "aaaa";
  const auto found = store_->list_invitations(filter);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().taken_us, std::int64_t{1} << 50);
  EXPECT_EQ(found->front().failures, 3);
  EXPECT_EQ(found->front().end_reason, "done");
  EXPECT_EQ(ids({}), (std::vector<std::string>{"i2", "i1"})) << "the newest first";
  InvitationFilter open;
  open.open = true;
  EXPECT_EQ(ids(open), std::vector<std::string>{"i2"});
  InvitationFilter bobs;
  bobs.sponsor = "bob";
  EXPECT_EQ(ids(bobs), std::vector<std::string>{"i1"});
  row.id = "i3";
  EXPECT_EQ(store_->update_invitation(row).error().code, Errc::not_found);
  EXPECT_EQ(store_->insert_invitation({"i4", "\xff", "bob", "", "", 0, 0, "", 0, "", ""}).error().code, Errc::invalid);
}

}  // namespace
}  // namespace sallyport::store
