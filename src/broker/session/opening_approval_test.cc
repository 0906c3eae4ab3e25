// SPDX-License-Identifier: Apache-2.0
// The opening of a session whose grant needs approval: nothing begins before it is approved, and what was approved
// bounds it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/session/opening_run_test.h"

namespace sallyport::broker {
namespace {

using policy::AccessRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OpeningApprovalTest : public ::testing::Test, public OpeningRun {
 protected:
  void SetUp() override {
    clock.now = 1'000'000 * kSecond;
    auto state = usual_state();
    policy::User bob;
    bob.name = "bob";
    bob.groups = {"leads"};
    state->resources.put(bob);
    policy::Policy strict = usual_policy();
    strict.require.approval = policy::ApprovalRule{{}, {"leads"}, 1, 3600};
    state->resources.put(strict);
    policy.state = state;
  }
  AccessRequest request(const std::string& by = "bob") {
    AccessRequest out;
    out.id = "01hzy0000000000000abcdefgh";
    out.requester = "alice";
    out.requester_life = kAlice.life;
    out.account = "deploy";
    out.targets = {"web1"};
    out.rules = {{{}, {"leads"}, 1, 3600}};
    out.state = policy::RequestState::approved;
    out.approved_us = clock.now_us() - 600 * kSecond;
    out.valid_seconds = 3600;
    out.votes = {{by, true, out.approved_us, ""}};
    return out;
  }
  void claimed(std::optional<AccessRequest> found) {
    FakeDesk::answer(approvals.on_claim, base::Result<std::optional<AccessRequest>>(std::move(found)));
  }
};

TEST_F(OpeningApprovalTest, NothingBeginsBeforeItIsApproved) {
  opening.open();
  ASSERT_EQ(approvals.claims.size(), 1U);
  EXPECT_EQ(approvals.claims[0].session, "id1");
  EXPECT_EQ(approvals.claims[0].life, kAlice.life);
  claimed(std::nullopt);
  auto waiting = request();
  waiting.state = policy::RequestState::waiting;
  waiting.decide_by_us = clock.now_us() + 1000 * kSecond;
  FakeDesk::answer(approvals.on_create, base::Result<AccessRequest>(waiting));
  ASSERT_EQ(front.told.size(), 1U);
  EXPECT_EQ(front.told[0].session, Notice::Session::waits);
  EXPECT_THAT(front.told[0].text, HasSubstr("ABCDEFGH"));
  EXPECT_EQ(parts.handle, nullptr);
  EXPECT_FALSE(store.begun);
  FakeDesk::answer(approvals.on_look, base::Result<AccessRequest>(request()));
  claimed(request());
  ASSERT_NE(parts.handle, nullptr);
  EXPECT_EQ(parts.handle->info().request, request().id);
  EXPECT_EQ(parts.grant.limits.duration_seconds, 3000) << "what is left of it";
  all_come_back();
  worker_comes();
  log_in(true);
  EXPECT_THAT(opened_with, ElementsAre("hello"));
}

TEST_F(OpeningApprovalTest, WhatIsApprovedAlreadyOpensAtOnce) {
  opening.open();
  claimed(request());
  EXPECT_NE(parts.handle, nullptr);
  EXPECT_THAT(front.told, IsEmpty());
}

TEST_F(OpeningApprovalTest, AnApprovalThatIsWorthNothingByNowOpensNothing) {
  opening.open();
  claimed(request("mallory"));
  EXPECT_THAT(reasons, ElementsAre("a requirement is not met"));
  EXPECT_EQ(parts.handle, nullptr);
  EXPECT_FALSE(store.begun);
}

TEST_F(OpeningApprovalTest, ADenialIsToldAndAudited) {
  opening.open();
  claimed(std::nullopt);
  auto denied = request();
  denied.state = policy::RequestState::denied;
  denied.closed_by = "bob";
  FakeDesk::answer(approvals.on_create, base::Result<AccessRequest>(denied));
  FakeDesk::answer(approvals.on_look, base::Result<AccessRequest>(denied));
  EXPECT_THAT(texts, ElementsAre(HasSubstr("is denied, by bob")));
  EXPECT_EQ(reason_of(user_audit.events.at(0)), "not_approved");
  EXPECT_EQ(parts.handle, nullptr);
}

TEST_F(OpeningApprovalTest, AUserWhoIsBarredWhileItWaitsOpensNothing) {
  opening.open();
  bar();
  claimed(request());
  EXPECT_THAT(reasons, ElementsAre("the login does not count any more"));
  EXPECT_EQ(parts.handle, nullptr);
}

TEST_F(OpeningApprovalTest, AChangeThatTakesTheGrantAwayEndsTheWait) {
  opening.open();
  claimed(std::nullopt);
  opening.review();
  EXPECT_THAT(reasons, IsEmpty());
  auto state = std::make_shared<PolicyState>(*policy.state);
  state->resources.drop_policy("ops");
  policy.state = state;
  opening.review();
  EXPECT_THAT(reasons, ElementsAre("denied by policy"));
  EXPECT_TRUE(approvals.forgotten);
}

TEST_F(OpeningApprovalTest, AnApprovalThatIsEndedMeanwhileOpensNothing) {
  approvals.ended = request().id;
  opening.open();
  claimed(request());
  EXPECT_THAT(reasons, ElementsAre("the approval was ended"));
  EXPECT_FALSE(store.begun);
}

TEST_F(OpeningApprovalTest, WhereAReasonIsNeededTooTheRequestBringsIt) {
  auto state = std::make_shared<PolicyState>(*policy.state);
  auto strict = state->resources.policies.at("ops");
  strict.require.reason = true;
  state->resources.put(strict);
  policy.state = state;
  OpeningRun other;
  other.policy.state = state;
  other.opening.open();
  FakeDesk::answer(other.approvals.on_claim,
                   base::Result<std::optional<AccessRequest>>(std::optional<AccessRequest>()));
  EXPECT_THAT(other.texts, ElementsAre(HasSubstr("request deploy@web1")));
  EXPECT_THAT(other.approvals.drafts, IsEmpty());

  opening.open();
  auto approved = request();
  approved.reason = "disk full";
  claimed(approved);
  EXPECT_NE(parts.handle, nullptr);
}

TEST_F(OpeningApprovalTest, TheEndOfTheSessionEndsTheWait) {
  opening.open();
  opening.stop();
  EXPECT_TRUE(approvals.forgotten);
  claimed(request());
  EXPECT_EQ(parts.handle, nullptr);
}

TEST_F(OpeningApprovalTest, AReasonThatNobodyApprovesIsNoBoundOfTheSessionAndNoApproval) {
  auto state = usual_state();
  policy::Policy wordy = usual_policy();
  wordy.require.reason = true;
  state->resources.put(wordy);
  policy.state = state;
  opening.open();
  auto said = request();
  said.rules = {};
  said.votes = {};
  said.stated = true;
  said.reason = "the disk is full";
  claimed(said);
  ASSERT_NE(parts.handle, nullptr);
  EXPECT_EQ(parts.handle->info().request, said.id);
  EXPECT_EQ(parts.grant.limits.duration_seconds, usual_policy().limits.duration_seconds.value_or(0));
}

TEST_F(OpeningApprovalTest, AnApprovalForCertainCommandsLeavesNothingElse) {
  opening.open();
  auto bounded = request();
  bounded.bound.commands = {std::string(64, 'a')};
  claimed(bounded);
  ASSERT_NE(parts.handle, nullptr);
  EXPECT_EQ(parts.grant.bound, bounded.bound);
  EXPECT_FALSE(parts.grant.permissions.has(policy::Permission::shell));
  EXPECT_FALSE(parts.grant.permissions.has(policy::Permission::sftp));
}

}  // namespace
}  // namespace sallyport::broker
