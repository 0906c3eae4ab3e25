// SPDX-License-Identifier: Apache-2.0
// Rows of second factors, over both databases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/databases_fixture_test.h"

namespace sallyport::store {
namespace {

using base::Errc;

class FactorsTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    auto opened = Store::open(database_.options());
    ASSERT_TRUE(opened) << opened.message();
    store_ = std::move(*opened);
  }
  TestDatabase database_{GetParam()};
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Databases, FactorsTest, ::testing::Values(Kind::sqlite, Kind::postgresql), name_of);

TEST_P(FactorsTest, AreKeptReplacedAndRemoved) {
  EXPECT_EQ(store_->get_factor("alice", "totp").error().code, Errc::not_found);
  ASSERT_TRUE(store_->put_factor({"alice", "totp", 10, 5, 0, 0}));
  ASSERT_TRUE(store_->put_factor({"bob", "totp", 11, 6, 0, 0}));
  ASSERT_TRUE(store_->put_factor({"alice", "totp", 10, std::int64_t{1} << 40, 3, std::int64_t{1} << 50}));
  reopen();
  const auto row = store_->get_factor("alice", "totp");
  ASSERT_TRUE(row) << row.message();
  EXPECT_EQ(row->enrolled_at_us, 10);
  EXPECT_EQ(row->last_step, std::int64_t{1} << 40);
  EXPECT_EQ(row->failures, 3);
  EXPECT_EQ(row->wait_until_us, std::int64_t{1} << 50);
  EXPECT_EQ(store_->list_factors()->size(), 2U);
  ASSERT_TRUE(store_->delete_factors_of("alice"));
  ASSERT_TRUE(store_->delete_factors_of("alice"));
  EXPECT_EQ(store_->get_factor("alice", "totp").error().code, Errc::not_found);
  EXPECT_EQ(store_->list_factors()->front().user, "bob");
  EXPECT_EQ(store_->put_factor({"\xff", "totp", 1, 0, 0, 0}).error().code, Errc::invalid);
}

TEST_P(FactorsTest, SnapshotsHearOfAChangeThatIsNoResource) {
  const auto before = *store_->resources_revision();
  ASSERT_TRUE(store_->put_factor({"alice", "totp", 10, 5, 0, 0}));
  EXPECT_EQ(*store_->resources_revision(), before) << "a login changes no snapshot";
  ASSERT_TRUE(store_->note_change());
  EXPECT_GT(*store_->resources_revision(), before);
}

}  // namespace
}  // namespace sallyport::store
