// SPDX-License-Identifier: Apache-2.0
// Waiting for an approval: every decision, before and while it is waited for.
#include "broker/session/approval_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "broker/session/approval_desk_test.h"
#include "broker/session/session_fakes_test.h"

namespace sallyport::broker {
namespace {

using policy::AccessRequest;
using policy::RequestState;

class FakeClock final : public base::Clock {
 public:
  base::Micros now_us() const override { return now; }
  base::Micros monotonic_us() const override { return now; }
  base::Micros now = 1'000'000'000;
};

class ApprovalWaitTest : public ::testing::Test, public ApprovalWait::Owner {
 protected:
  void approved(const AccessRequest& request) override { approved_by.push_back(request.id); }
  void waits_for_approval(const std::string& text, const std::string& request) override {
    told.push_back(text);
    EXPECT_THAT(text, ::testing::HasSubstr(request));
  }
  void not_approved(const std::string& text, const std::string& reason) override {
    told.push_back(text);
    reasons.push_back(reason);
  }

  static std::optional<AccessRequest> none() { return std::nullopt; }
  AccessRequest request(RequestState state) const {
    AccessRequest out;
    out.id = "01hzy0000000000000abcdefgh";
    out.requester = "alice";
    out.account = "root";
    out.targets = {"web1"};
    out.state = state;
    out.rules = rules;
    out.decide_by_us = clock.now + 3'600'000'000;
    if (state == RequestState::approved) out.approved_us = clock.now - 1;
    out.valid_seconds = 3600;
    return out;
  }
  base::Result<std::optional<AccessRequest>> found(RequestState state) const {
    return std::optional<AccessRequest>(request(state));
  }
  base::Result<std::optional<AccessRequest>> nothing() const { return none(); }
  base::Result<AccessRequest> made(RequestState state) const { return request(state); }
  void begin() { wait.begin({"alice", 7, "root", "web1", rules, "s1"}, "192.0.2.1:5"); }
  /// Up to the first look: nobody has decided it.
  void begin_to_wait() {
    begin();
    FakeDesk::answer(desk.on_claim, nothing());
    FakeDesk::answer(desk.on_create, made(RequestState::waiting));
    FakeDesk::answer(desk.on_look, made(RequestState::waiting));
  }

  const std::vector<policy::ApprovalRule> rules{{{"bob"}, {"leads"}, 1, 3600}, {{}, {"owners"}, 2, 600}};
  FakeDesk desk;
  HandAlarm alarm;
  FakeClock clock;
  std::vector<std::string> approved_by, told, reasons;
  ApprovalWait wait{*this, desk, alarm, clock};
};

TEST_F(ApprovalWaitTest, WhatIsApprovedAlreadyIsUsedWithoutAWord) {
  begin();
  EXPECT_EQ(desk.claims.at(0).session, "s1");
  FakeDesk::answer(desk.on_claim, found(RequestState::approved));
  EXPECT_EQ(approved_by.size(), 1U);
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(desk.drafts.empty());
}

TEST_F(ApprovalWaitTest, AsksTellsAndGoesOnWhenItIsApproved) {
  begin_to_wait();
  ASSERT_EQ(desk.drafts.size(), 1U);
  EXPECT_TRUE(desk.drafts[0].joins);
  EXPECT_EQ(desk.drafts[0].valid_seconds, 600) << "the shortest";
  EXPECT_EQ(desk.drafts[0].targets, std::vector<std::string>{"web1"});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("root@web1 needs the approval of 1 of bob or the group leads, and 2 of the group owners"),
            std::string::npos)
      << told[0];
  EXPECT_NE(told[0].find("Request ABCDEFGH"), std::string::npos) << told[0];
  desk.on_change();
  FakeDesk::answer(desk.on_look, made(RequestState::approved));
  FakeDesk::answer(desk.on_claim, found(RequestState::approved));
  EXPECT_EQ(approved_by.size(), 1U);
  EXPECT_EQ(desk.claims.size(), 2U);
  EXPECT_TRUE(desk.forgotten);
  EXPECT_TRUE(reasons.empty());
}

TEST_F(ApprovalWaitTest, ADecisionBeforeItIsWatchedIsNotMissed) {
  begin();
  FakeDesk::answer(desk.on_claim, nothing());
  FakeDesk::answer(desk.on_create, made(RequestState::waiting));
  FakeDesk::answer(desk.on_look, made(RequestState::approved));
  FakeDesk::answer(desk.on_claim, found(RequestState::approved));
  EXPECT_EQ(approved_by.size(), 1U);
}

TEST_F(ApprovalWaitTest, ADecisionElsewhereIsSeenByLooking) {
  begin_to_wait();
  EXPECT_EQ(alarm.delay_us, ApprovalWait::kLookUs);
  alarm.ring();
  FakeDesk::answer(desk.on_look, made(RequestState::denied));
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_NE(told.back().find("is denied"), std::string::npos);
  EXPECT_TRUE(approved_by.empty());
}

TEST_F(ApprovalWaitTest, EveryOtherEndIsAnEnd) {
  for (const RequestState state :
       {RequestState::denied, RequestState::cancelled, RequestState::expired, RequestState::ended}) {
    FakeDesk own;
    HandAlarm bell;
    ApprovalWait one(*this, own, bell, clock);
    reasons.clear();
    one.begin({"alice", 7, "root", "web1", rules, "s1"}, "");
    FakeDesk::answer(own.on_claim, nothing());
    FakeDesk::answer(own.on_create, made(RequestState::waiting));
    FakeDesk::answer(own.on_look, made(state));
    EXPECT_EQ(reasons.size(), 1U) << policy::to_string(state);
    EXPECT_FALSE(bell.is_set());
  }
  EXPECT_TRUE(approved_by.empty());
}

TEST_F(ApprovalWaitTest, ApprovedButNotGrantedAsksNotAgain) {
  begin_to_wait();
  desk.on_change();
  FakeDesk::answer(desk.on_look, made(RequestState::approved));
  FakeDesk::answer(desk.on_claim, nothing());
  EXPECT_EQ(reasons.size(), 1U);
  EXPECT_EQ(desk.drafts.size(), 1U);
}

TEST_F(ApprovalWaitTest, DoesNotWaitForever) {
  begin_to_wait();
  clock.now += ApprovalWait::kHoldUs - 1;
  alarm.ring();
  FakeDesk::answer(desk.on_look, made(RequestState::waiting));
  EXPECT_TRUE(reasons.empty());
  clock.now += 1;
  alarm.ring();
  FakeDesk::answer(desk.on_look, made(RequestState::waiting));
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_NE(told.back().find("connect again"), std::string::npos);
}

TEST_F(ApprovalWaitTest, ADatabaseThatIsAwayDecidesNothing) {
  begin_to_wait();
  alarm.ring();
  FakeDesk::answer(desk.on_look, base::Result<AccessRequest>(base::fail(base::Errc::closed, "away")));
  EXPECT_TRUE(reasons.empty());
  EXPECT_TRUE(alarm.is_set());
}

TEST_F(ApprovalWaitTest, WhatCannotBeAskedOrFoundIsRefused) {
  begin();
  FakeDesk::answer(desk.on_claim, base::Result<std::optional<AccessRequest>>(base::fail(base::Errc::closed, "away")));
  EXPECT_EQ(reasons, std::vector<std::string>{"away"});

  FakeDesk own;
  ApprovalWait other(*this, own, alarm, clock);
  other.begin({"alice", 7, "root", "web1", rules, "s1"}, "");
  FakeDesk::answer(own.on_claim, nothing());
  FakeDesk::answer(own.on_create, base::Result<AccessRequest>(base::fail(base::Errc::full, "too many")));
  EXPECT_EQ(reasons.back(), "too many");
}

TEST_F(ApprovalWaitTest, WhereWordsAreNeededNoRequestIsMade) {
  wait.begin({"alice", 7, "root", "web1", rules, "s1"}, "", "Ask first.");
  FakeDesk::answer(desk.on_claim, nothing());
  EXPECT_EQ(told, std::vector<std::string>{"Ask first."});
  EXPECT_TRUE(desk.drafts.empty());
}

TEST_F(ApprovalWaitTest, AfterTheEndNothingIsSaid) {
  begin_to_wait();
  desk.on_change();
  wait.stop();
  EXPECT_FALSE(alarm.is_set());
  FakeDesk::answer(desk.on_look, made(RequestState::approved));
  EXPECT_FALSE(desk.on_claim);
  EXPECT_TRUE(approved_by.empty());
  EXPECT_TRUE(reasons.empty());
}

// An outsider waits for the invitation's own request, and asks for no other.
TEST_F(ApprovalWaitTest, AnOutsiderWaitsForTheInvitationAlone) {
  wait.begin({"jane", 7, "root", "web1", rules, "s1", "01hzy0000000000000abcdefgh"}, "192.0.2.1:5");
  FakeDesk::answer(desk.on_claim, nothing());
  EXPECT_TRUE(desk.drafts.empty());
  EXPECT_EQ(desk.watched, "01hzy0000000000000abcdefgh");
  FakeDesk::answer(desk.on_look, made(RequestState::waiting));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("needs the approval"), std::string::npos) << told[0];
  alarm.ring();
  FakeDesk::answer(desk.on_look, made(RequestState::waiting));
  EXPECT_EQ(told.size(), 1U) << "it is told once";
  desk.on_change();
  FakeDesk::answer(desk.on_look, made(RequestState::approved));
  FakeDesk::answer(desk.on_claim, found(RequestState::approved));
  EXPECT_EQ(approved_by.size(), 1U);
}

TEST_F(ApprovalWaitTest, AnInvitationThatIsUsedUpOpensNothing) {
  wait.begin({"jane", 7, "root", "web1", {}, "s1", "01hzy0000000000000abcdefgh"}, "192.0.2.1:5");
  FakeDesk::answer(desk.on_claim, nothing());
  FakeDesk::answer(desk.on_look, made(RequestState::approved));
  FakeDesk::answer(desk.on_claim, nothing());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("used up"), std::string::npos) << told[0];
  EXPECT_TRUE(approved_by.empty());
}

}  // namespace
}  // namespace sallyport::broker
