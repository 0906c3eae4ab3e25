// SPDX-License-Identifier: Apache-2.0
// Requests for access and their votes, on both databases.
#include <gtest/gtest.h>

#include <tuple>

#include "store/databases_fixture_test.h"

namespace sallyport::store {
namespace {

class RequestsTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    auto opened = Store::open(database_.options());
    ASSERT_TRUE(opened) << opened.message();
    store_ = std::move(*opened);
  }

  TestDatabase database_{GetParam()};
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Databases, RequestsTest, ::testing::Values(Kind::sqlite, Kind::postgresql), name_of);

RequestRow request(const std::string& id, const std::string& requester, const std::string& state) {
  RequestRow out;
  out.id = id;
  out.state = state;
  out.requester = requester;
  out.requester_life = 3;
  out.sponsor = "sam";
  out.account = "root";
  out.targets = "web1 web2";
  out.reason = "it's \"down\" – überall";
  out.ticket = "T-1";
  out.created_us = 1;
  out.decide_by_us = 2;
  out.start_us = 4;
  out.valid_seconds = 5;
  out.max_sessions = 6;
  out.sessions_opened = 7;
  out.rules = "1 3600 u:bob g:leads\n";
  out.approved_us = 8;
  out.closed_us = 9;
  out.closed_by = "carol";
  out.emergency = true;
  out.reviewed_us = 10;
  out.reviewed_by = "dan";
  out.review = "as agreed";
  out.stated = true;
  out.commands = "aa bb";
  out.playbook = "cc";
  out.places = "web1 dd shell\n";
  return out;
}

std::vector<std::string> ids(const base::Result<std::vector<RequestRow>>& rows) {
  std::vector<std::string> out;
  for (const RequestRow& row : *rows) out.push_back(row.id);
  return out;
}

TEST_P(RequestsTest, ARequestComesBackAsItWasKept) {
  ASSERT_TRUE(store_->insert_request(request("01a", "alice", "approved")));
  EXPECT_EQ(store_->insert_request(request("01a", "bob", "waiting")).error().code, base::Errc::exists);
  const auto kept = store_->get_request("01a");
  ASSERT_TRUE(kept) << kept.message();
  const RequestRow is = *kept, was = request("01a", "alice", "approved");
  EXPECT_EQ(std::tie(is.id, is.state, is.requester, is.requester_life, is.sponsor, is.account, is.targets, is.reason),
            std::tie(was.id, was.state, was.requester, was.requester_life, was.sponsor, was.account, was.targets,
                     was.reason));
  EXPECT_EQ(std::tie(is.ticket, is.created_us, is.decide_by_us, is.start_us, is.valid_seconds, is.max_sessions),
            std::tie(was.ticket, was.created_us, was.decide_by_us, was.start_us, was.valid_seconds, was.max_sessions));
  EXPECT_EQ(std::tie(is.sessions_opened, is.rules, is.approved_us),
            std::tie(was.sessions_opened, was.rules, was.approved_us));
  EXPECT_EQ(std::tie(is.closed_us, is.closed_by, is.emergency), std::tie(was.closed_us, was.closed_by, was.emergency));
  EXPECT_EQ(std::tie(is.reviewed_us, is.reviewed_by, is.review),
            std::tie(was.reviewed_us, was.reviewed_by, was.review));
  EXPECT_EQ(store_->get_request("01b").error().code, base::Errc::not_found);
}

TEST_P(RequestsTest, OnlyItsLifeChanges) {
  RequestRow row = request("01a", "alice", "waiting");
  ASSERT_TRUE(store_->insert_request(row));
  row.state = "approved";
  row.approved_us = 100;
  row.sessions_opened = 8;
  row.closed_us = 200;
  row.closed_by = "dave";
  row.requester = "mallory";
  row.targets = "web3";
  row.valid_seconds = 1'000'000;
  ASSERT_TRUE(store_->update_request(row));
  const auto now = *store_->get_request("01a");
  EXPECT_EQ(now.state, "approved");
  EXPECT_EQ(now.approved_us, 100);
  EXPECT_EQ(now.sessions_opened, 8);
  EXPECT_EQ(now.closed_us, 200);
  EXPECT_EQ(now.closed_by, "dave");
  EXPECT_EQ(now.requester, "alice");
  EXPECT_EQ(now.targets, "web1 web2");
  EXPECT_EQ(now.valid_seconds, 5);
  row.id = "01z";
  EXPECT_EQ(store_->update_request(row).error().code, base::Errc::not_found);
}

TEST_P(RequestsTest, TheNewestComeFirstAndFiltersHold) {
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(store_->insert_request(
        request("01" + std::to_string(i), i % 2 == 0 ? "alice" : "bob", i < 3 ? "waiting" : "approved")));
  }
  EXPECT_EQ(ids(store_->list_requests({})), (std::vector<std::string>{"015", "014", "013", "012", "011", "010"}));
  RequestFilter filter;
  filter.states = {"waiting", "denied"};
  EXPECT_EQ(ids(store_->list_requests(filter)), (std::vector<std::string>{"012", "011", "010"}));
  filter.requester = "alice";
  EXPECT_EQ(ids(store_->list_requests(filter)), (std::vector<std::string>{"012", "010"}));
  filter.before_id = "012";
  EXPECT_EQ(ids(store_->list_requests(filter)), std::vector<std::string>{"010"});
  filter.account = "nobody";
  EXPECT_TRUE(ids(store_->list_requests(filter)).empty());
  RequestFilter open;
  open.to_review = true;
  EXPECT_TRUE(ids(store_->list_requests(open)).empty());
  RequestRow emergency = request("016", "alice", "ended");
  emergency.reviewed_by = "";
  ASSERT_TRUE(store_->insert_request(emergency));
  EXPECT_EQ(ids(store_->list_requests(open)), std::vector<std::string>{"016"});
  emergency.reviewed_by = "bob";
  ASSERT_TRUE(store_->update_request(emergency));
  EXPECT_TRUE(ids(store_->list_requests(open)).empty());
  RequestFilter two;
  two.limit = 2;
  EXPECT_EQ(ids(store_->list_requests(two)), (std::vector<std::string>{"016", "015"}));
}

TEST_P(RequestsTest, AVoterVotesOnce) {
  ASSERT_TRUE(store_->insert_request_vote({"01a", "bob", "approve", 20, "fine"}));
  EXPECT_EQ(store_->insert_request_vote({"01a", "bob", "deny", 21, ""}).error().code, base::Errc::exists);
  ASSERT_TRUE(store_->insert_request_vote({"01a", "carol", "deny", 10, ""}));
  ASSERT_TRUE(store_->insert_request_vote({"01b", "bob", "deny", 5, ""}));
  const auto votes = *store_->list_request_votes("01a");
  ASSERT_EQ(votes.size(), 2U);
  EXPECT_EQ(votes[0].voter, "carol");
  EXPECT_EQ(votes[1].verdict, "approve");
  EXPECT_EQ(votes[1].comment, "fine");
  EXPECT_EQ(votes[1].at_us, 20);
}

}  // namespace
}  // namespace sallyport::store
