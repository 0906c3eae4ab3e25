// SPDX-License-Identifier: Apache-2.0
// Requests for access: who decides, what an approval grants, when it ends.
#include "policy/access_request.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sallyport::policy {
namespace {

constexpr base::Micros kSecond = 1'000'000;
constexpr base::Micros kStart = 1'000'000 * kSecond;

class AccessRequestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put(R"({"kind":"user","name":"alice"})");
    put(R"({"kind":"user","name":"bob","groups":["leads"]})");
    put(R"({"kind":"user","name":"carol","groups":["leads"]})");
    put(R"({"kind":"user","name":"dave","roles":["approver"]})");
    put(R"({"kind":"user","name":"erin","groups":["leads"],"disabled":true})");
  }
  void put(const std::string& json) {
    auto resource = parse_resource(json);
    ASSERT_TRUE(resource) << resource.message();
    snapshot_.put(std::move(*resource));
  }
  static AccessRequest request() {
    AccessRequest out;
    out.id = "01";
    out.requester = "alice";
    out.requester_life = 7;
    out.account = "root";
    out.targets = {"web1"};
    out.created_us = kStart;
    out.decide_by_us = kStart + 900 * kSecond;
    out.valid_seconds = 3600;
    out.rules = {{{}, {"leads"}, 1, 3600}};
    return out;
  }
  base::Status vote(AccessRequest& request, const std::string& voter, bool approves = true,
                    base::Micros at_us = kStart + kSecond) const {
    return cast_vote(snapshot_, request, {voter, approves, at_us, ""});
  }
  base::Status grants(const AccessRequest& request, base::Micros now_us, const std::string& target = "web1",
                      std::int64_t life = 7) const {
    return check_grants(snapshot_, request, {"alice", life, "root", target}, request.rules, now_us);
  }

  Snapshot snapshot_;
};

TEST_F(AccessRequestTest, OneOfTheNamedApproversDecides) {
  auto r = request();
  EXPECT_EQ(vote(r, "alice").error().code, base::Errc::denied) << "never oneself";
  EXPECT_EQ(vote(r, "dave").error().code, base::Errc::denied) << "the role alone does not make one of the leads";
  EXPECT_EQ(vote(r, "erin").error().code, base::Errc::denied) << "disabled";
  EXPECT_EQ(vote(r, "nobody").error().code, base::Errc::denied);
  EXPECT_EQ(r.state, RequestState::waiting);
  EXPECT_TRUE(r.votes.empty());
  EXPECT_TRUE(vote(r, "bob"));
  EXPECT_EQ(r.state, RequestState::approved);
  EXPECT_FALSE(vote(r, "carol")) << "it is decided";
}

TEST_F(AccessRequestTest, EveryRuleMustBeMet) {
  auto r = request();
  r.rules.push_back({{"dave"}, {}, 1, 3600});
  EXPECT_TRUE(vote(r, "bob"));
  EXPECT_EQ(r.state, RequestState::waiting);
  EXPECT_TRUE(vote(r, "dave"));
  EXPECT_EQ(r.state, RequestState::approved);
}

TEST_F(AccessRequestTest, RootMayDecide) {
  auto r = request();
  EXPECT_TRUE(vote(r, "local:root"));
  EXPECT_EQ(r.state, RequestState::approved);
  EXPECT_TRUE(grants(r, kStart + 2 * kSecond));
}

TEST_F(AccessRequestTest, NeverOneselfAndNeverTheSponsorEvenAsApprovers) {
  put(R"({"kind":"user","name":"alice","groups":["leads"]})");
  auto r = request();
  r.sponsor = "bob";
  EXPECT_EQ(vote(r, "alice").error().code, base::Errc::denied);
  EXPECT_EQ(vote(r, "bob").error().code, base::Errc::denied);
  EXPECT_TRUE(vote(r, "carol"));
}

TEST_F(AccessRequestTest, TwoApproversAreTwoPeople) {
  auto r = request();
  r.rules[0].count = 2;
  EXPECT_TRUE(vote(r, "bob"));
  EXPECT_EQ(r.state, RequestState::waiting);
  EXPECT_FALSE(vote(r, "bob")) << "a replayed approval";
  EXPECT_EQ(r.state, RequestState::waiting);
  EXPECT_FALSE(grants(r, kStart + 2 * kSecond));
  EXPECT_TRUE(vote(r, "carol"));
  EXPECT_EQ(r.state, RequestState::approved);
}

TEST_F(AccessRequestTest, AnApproverWhoLeftBeforeTheSecondVoteDoesNotCount) {
  put(R"({"kind":"user","name":"frank","groups":["leads"]})");
  auto r = request();
  r.rules[0].count = 2;
  EXPECT_TRUE(vote(r, "bob"));
  put(R"({"kind":"user","name":"bob","groups":[]})");
  EXPECT_TRUE(vote(r, "carol"));
  EXPECT_EQ(r.state, RequestState::waiting);
  EXPECT_TRUE(vote(r, "frank"));
  EXPECT_EQ(r.state, RequestState::approved);
}

TEST_F(AccessRequestTest, OneNoDenies) {
  auto r = request();
  r.rules[0].count = 2;
  EXPECT_TRUE(vote(r, "bob"));
  EXPECT_TRUE(vote(r, "carol", false));
  EXPECT_EQ(r.state, RequestState::denied);
  EXPECT_EQ(r.closed_by, "carol");
  EXPECT_FALSE(grants(r, kStart + 2 * kSecond));
}

TEST_F(AccessRequestTest, ExpiresAtTheBoundary) {
  auto r = request();
  EXPECT_EQ(state_at(r, r.decide_by_us - 1), RequestState::waiting);
  EXPECT_EQ(state_at(r, r.decide_by_us), RequestState::expired);
  EXPECT_FALSE(vote(r, "bob", true, r.decide_by_us));
  ASSERT_TRUE(vote(r, "bob", true, r.decide_by_us - 1));
  const base::Micros end = r.decide_by_us - 1 + 3600 * kSecond;
  EXPECT_EQ(good_until_us(r), end) << "the time runs from the approval on";
  EXPECT_TRUE(grants(r, end - 1));
  EXPECT_FALSE(grants(r, end));
  EXPECT_EQ(state_at(r, end), RequestState::expired);
}

TEST_F(AccessRequestTest, AStartInTheFutureAndAClockThatWasSetBack) {
  auto r = request();
  r.start_us = kStart + 7200 * kSecond;
  ASSERT_TRUE(vote(r, "bob"));
  EXPECT_FALSE(grants(r, r.start_us - 1));
  EXPECT_TRUE(grants(r, r.start_us));
  EXPECT_EQ(good_until_us(r), r.start_us + 3600 * kSecond);

  auto now = request();
  ASSERT_TRUE(vote(now, "bob"));
  EXPECT_FALSE(grants(now, now.approved_us - 1)) << "before it was approved";
}

TEST_F(AccessRequestTest, GrantsNothingElse) {
  auto r = request();
  r.max_sessions = 2;
  ASSERT_TRUE(vote(r, "bob"));
  const base::Micros now = kStart + 2 * kSecond;
  EXPECT_TRUE(grants(r, now));
  EXPECT_FALSE(grants(r, now, "web2"));
  EXPECT_FALSE(grants(r, now, "web1", 8)) << "a new user of the same name";
  EXPECT_FALSE(check_grants(snapshot_, r, {"bob", 7, "root", "web1"}, r.rules, now));
  EXPECT_FALSE(check_grants(snapshot_, r, {"alice", 7, "deploy", "web1"}, r.rules, now));
  r.sessions_opened = 2;
  EXPECT_FALSE(grants(r, now));
}

TEST_F(AccessRequestTest, WhatThePolicyDemandsNowCounts) {
  auto r = request();
  ASSERT_TRUE(vote(r, "bob"));
  const base::Micros now = kStart + 2 * kSecond;
  const Wanted wanted{"alice", 7, "root", "web1"};
  EXPECT_TRUE(check_grants(snapshot_, r, wanted, {{{"bob"}, {}, 1, 3600}}, now));
  EXPECT_FALSE(check_grants(snapshot_, r, wanted, {{{"carol"}, {}, 1, 3600}}, now));
  EXPECT_FALSE(check_grants(snapshot_, r, wanted, {{{}, {"leads"}, 2, 3600}}, now));
  put(R"({"kind":"user","name":"bob","groups":["leads"],"disabled":true})");
  EXPECT_FALSE(check_grants(snapshot_, r, wanted, r.rules, now));
}

TEST_F(AccessRequestTest, IsForWhatItsNamesMeant) {
  const std::string target = R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22")";
  put(target + "}");
  put(R"({"kind":"account","name":"root","targets":["*"],"login":"certificate"})");
  auto r = request();
  r.places = {{"web1", meaning_of(snapshot_, "root", "web1"), Permissions::all()}};
  ASSERT_TRUE(vote(r, "bob"));
  const base::Micros now = kStart + 2 * kSecond;
  EXPECT_TRUE(grants(r, now));
  put(target + R"(,"labels":{"env":"prod"},"description":"the first"})");
  EXPECT_TRUE(grants(r, now)) << "the same machine";
  put(R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.2:22"})");
  EXPECT_FALSE(grants(r, now)) << "another machine";
  put(target + "}");
  EXPECT_TRUE(grants(r, now));
  put(R"({"kind":"account","name":"root","targets":["*"],"login":"certificate","login_name":"toor"})");
  EXPECT_FALSE(grants(r, now)) << "another login";
  snapshot_.accounts.erase("root");
  EXPECT_FALSE(grants(r, now));
  EXPECT_EQ(meaning_of(snapshot_, "root", "web1"), "");
  r.targets.push_back("web2");
  EXPECT_FALSE(grants(r, now, "web2")) << "nothing is known of what it meant";
}

TEST_F(AccessRequestTest, EndsEarlyByEitherSide) {
  auto r = request();
  EXPECT_FALSE(close_request(snapshot_, r, "bob", kStart)) << "what waits is denied, not ended";
  EXPECT_TRUE(close_request(snapshot_, r, "alice", kStart));
  EXPECT_EQ(r.state, RequestState::cancelled);
  EXPECT_FALSE(vote(r, "bob"));

  for (const char* actor : {"alice", "carol"}) {
    auto good = request();
    ASSERT_TRUE(vote(good, "bob"));
    EXPECT_EQ(close_request(snapshot_, good, "dave", kStart).error().code, base::Errc::denied);
    EXPECT_TRUE(close_request(snapshot_, good, actor, kStart + 5 * kSecond));
    EXPECT_EQ(good.state, RequestState::ended);
    EXPECT_FALSE(grants(good, kStart + 6 * kSecond));
    EXPECT_FALSE(close_request(snapshot_, good, actor, kStart + 7 * kSecond));
  }
}

TEST_F(AccessRequestTest, BoundsOfWhatARequesterWrites) {
  const auto bad = [](const std::function<void(AccessRequest&)>& change) {
    auto r = request();
    change(r);
    return !check_request(r);
  };
  EXPECT_TRUE(check_request(request()));
  EXPECT_TRUE(bad([](auto& r) { r.targets.clear(); }));
  EXPECT_TRUE(bad([](auto& r) { r.targets = {"web1", "web1"}; }));
  EXPECT_TRUE(bad([](auto& r) { r.targets = {"web 1"}; }));
  EXPECT_TRUE(bad([](auto& r) { r.account = ""; }));
  EXPECT_TRUE(bad([](auto& r) { r.reason = "two\nlines"; }));
  EXPECT_TRUE(bad([](auto& r) { r.reason = "\xff"; }));
  EXPECT_TRUE(bad([](auto& r) { r.ticket = std::string(kMaxTicketBytes + 1, 'x'); }));
  EXPECT_TRUE(bad([](auto& r) { r.valid_seconds = 0; }));
  EXPECT_TRUE(bad([](auto& r) { r.max_sessions = -1; }));
  EXPECT_TRUE(bad([](auto& r) { r.start_us = r.created_us + 400 * 86'400 * kSecond; }));
}

TEST_F(AccessRequestTest, TheGlassIsBrokenWhereEveryRuleAllowsItAndSomebodyReviewsIt) {
  auto r = request();
  r.reason = "it burns";
  EXPECT_EQ(break_glass(r, kStart).error().code, base::Errc::denied);
  EXPECT_FALSE(grants(r, kStart));
  r.rules[0].break_glass = true;
  r.rules.push_back({{"dave"}, {}, 1, 3600});
  EXPECT_EQ(break_glass(r, kStart).error().code, base::Errc::denied) << "one rule does not";
  r.rules.pop_back();
  r.reason = "";
  EXPECT_EQ(break_glass(r, kStart).error().code, base::Errc::invalid);
  r.reason = "it burns";
  ASSERT_TRUE(break_glass(r, kStart));
  EXPECT_TRUE(grants(r, kStart + kSecond));
  EXPECT_FALSE(grants(r, kStart + 3600 * kSecond));
  const Wanted wanted{"alice", 7, "root", "web1"};
  EXPECT_FALSE(check_grants(snapshot_, r, wanted, {{{}, {"leads"}, 1, 3600}}, kStart + kSecond))
      << "the policies do not allow it any more";

  EXPECT_TRUE(is_to_review(r));
  EXPECT_FALSE(vote(r, "bob")) << "there is nothing to decide";
  EXPECT_EQ(review_request(snapshot_, r, "alice", "", kStart).error().code, base::Errc::denied);
  EXPECT_EQ(review_request(snapshot_, r, "dave", "", kStart).error().code, base::Errc::denied);
  EXPECT_TRUE(is_to_review(r));
  ASSERT_TRUE(close_request(snapshot_, r, "alice", kStart + 2 * kSecond));
  EXPECT_TRUE(is_to_review(r)) << "also when its time is over";
  ASSERT_TRUE(review_request(snapshot_, r, "bob", "as agreed", kStart + 5 * kSecond));
  EXPECT_FALSE(is_to_review(r));
  EXPECT_FALSE(review_request(snapshot_, r, "carol", "", kStart + 6 * kSecond));
  auto plain = request();
  EXPECT_FALSE(review_request(snapshot_, plain, "bob", "", kStart)) << "no emergency";
}

// Whatever is done in whatever order: what is granted was approved by as many people as are needed, none of them the
// requester or the sponsor, before it was denied, cancelled or ended, and within its time.
TEST_F(AccessRequestTest, NothingIsGrantedThatWasNotApproved) {
  std::mt19937_64 random(11);
  const std::vector<std::string> people{"alice", "bob", "carol", "dave", "erin", "nobody"};
  std::size_t granted = 0;
  for (int round = 0; round < 3000; ++round) {
    auto r = request();
    r.rules[0].count = 1 + static_cast<std::int64_t>(random() % 2);
    if (random() % 3 == 0) r.sponsor = people[random() % people.size()];
    std::set<std::string> yes;
    bool closed = false;
    base::Micros now = kStart;
    for (int step = 0; step < 6; ++step) {
      now += static_cast<base::Micros>(random() % 600) * kSecond;
      const std::string& who = people[random() % people.size()];
      if (random() % 5 == 0) {
        closed = static_cast<bool>(close_request(snapshot_, r, who, now)) || closed;
      } else {
        const bool approves = random() % 4 != 0;
        if (vote(r, who, approves, now)) {
          if (approves) yes.insert(who);
          closed = closed || !approves;
        }
      }
      const bool good = static_cast<bool>(grants(r, now));
      if (!good) continue;
      ++granted;
      EXPECT_FALSE(closed);
      EXPECT_GE(static_cast<std::int64_t>(yes.size()), r.rules[0].count);
      EXPECT_EQ(yes.count("alice") + yes.count(r.sponsor) + yes.count("dave") + yes.count("erin"), 0U);
      EXPECT_LT(now, r.approved_us + 3600 * kSecond);
    }
  }
  EXPECT_GT(granted, 100U);
}

}  // namespace
}  // namespace sallyport::policy
