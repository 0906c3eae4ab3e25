// SPDX-License-Identifier: Apache-2.0
// Requirements add up, and nothing but its own proof meets one.
#include "policy/requirements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr base::Micros kSecond = 1'000'000;

RequireRules totp(std::optional<std::int64_t> remember = {}) {
  RequireRules out;
  out.factors = {Factor::totp};
  out.remember_seconds = remember;
  return out;
}

RequireRules approval(std::int64_t count, std::vector<std::string> groups) {
  RequireRules out;
  out.approval = ApprovalRule{{}, std::move(groups), count, 3600};
  return out;
}

Requirements sum(const std::vector<RequireRules>& all) {
  Requirements out;
  for (const RequireRules& one : all) out.add(one);
  return out;
}

std::vector<std::string> missing(const Requirements& requirements, const Proofs& proofs) {
  std::vector<std::string> out;
  for (const Unmet& one : unmet(requirements, proofs)) out.emplace_back(to_string(one.what));
  return out;
}

ApprovalProof approved_by(std::string approver, base::Micros age_us = 0) {
  return {"r1", std::move(approver), {"leads"}, age_us};
}

TEST(Requirements, NothingDemandedIsNothingMissing) {
  EXPECT_TRUE(Requirements{}.empty());
  EXPECT_THAT(unmet({}, {}), IsEmpty());
}

TEST(Requirements, WithoutProofsAllOfThemAreMissing) {
  RequireRules all = approval(1, {"leads"});
  all.factors = {Factor::totp};
  all.reason = true;
  all.ticket = "CHG-[0-9]+";
  all.supervisor = SupervisorRule{{}, {"leads"}, 900};
  const Requirements requirements = sum({all});
  EXPECT_THAT(missing(requirements, {}), ElementsAre("factor", "approval", "reason", "ticket", "supervisor"));
  EXPECT_EQ(sentence(unmet(requirements, {})),
            "This access needs a second factor (totp), the approval of one of the group leads, a reason, a ticket that "
            "matches CHG-[0-9]+ and a supervisor who watches.");
}

TEST(Requirements, AFactorOfThisLoginCountsAndARememberedOneForAWhile) {
  Proofs proofs;
  proofs.factors = {{Factor::totp, FactorProof::Kind::by_this_login, 9000 * kSecond}};
  EXPECT_THAT(missing(sum({totp()}), proofs), IsEmpty());
  Requirements young = sum({totp(600)});
  young.max_age_seconds = 30;
  for (const auto kind : {FactorProof::Kind::by_this_login, FactorProof::Kind::remembered}) {
    proofs.factors = {{Factor::totp, kind, 30 * kSecond - 1}};
    EXPECT_TRUE(unmet(young, proofs).empty());
    proofs.factors = {{Factor::totp, kind, 30 * kSecond}};
    EXPECT_EQ(unmet(young, proofs).size(), 1U) << "too old, whatever proved it";
  }
  proofs.factors = {{Factor::totp, FactorProof::Kind::remembered, 0}};
  EXPECT_THAT(missing(sum({totp()}), proofs), ElementsAre("factor"));
  EXPECT_THAT(missing(sum({totp(60)}), proofs), IsEmpty());
  proofs.factors = {{Factor::totp, FactorProof::Kind::remembered, 60 * kSecond}};
  EXPECT_THAT(missing(sum({totp(60)}), proofs), ElementsAre("factor"));
  proofs.factors = {{Factor::totp, FactorProof::Kind::by_this_login, -1}};
  EXPECT_THAT(missing(sum({totp(60)}), proofs), ElementsAre("factor"));
}

TEST(Requirements, TheShortestMemoryHolds) {
  RequireRules young = totp();
  young.max_age_seconds = 30;
  RequireRules younger = totp();
  younger.max_age_seconds = 20;
  for (const auto& all : {std::vector{young, younger, totp()}, std::vector{totp(), younger, young}}) {
    Requirements merged;
    for (const RequireRules& one : all) merged.add(one);
    EXPECT_EQ(merged.max_age_seconds, 20);
  }
  EXPECT_EQ(sum({totp(600), totp(60)}).remember_seconds, 60);
  EXPECT_EQ(sum({totp(60), totp(600)}).remember_seconds, 60);
  EXPECT_EQ(sum({totp(60), totp()}).remember_seconds, 0);
  EXPECT_EQ(sum({totp(), totp(60)}).remember_seconds, 0);
  EXPECT_EQ(sum({approval(1, {"leads"}), totp(60)}).remember_seconds, 60);
}

TEST(Requirements, ApprovalsAreOfDifferentPeopleWhoMayAndNotOfTheUser) {
  const Requirements two = sum({approval(2, {"leads"})});
  Proofs proofs;
  proofs.user = "alice";
  proofs.approvals = {approved_by("bob"), approved_by("bob")};
  EXPECT_THAT(missing(two, proofs), ElementsAre("approval"));
  proofs.approvals = {approved_by("bob"), approved_by("alice")};
  EXPECT_THAT(missing(two, proofs), ElementsAre("approval"));
  proofs.approvals = {approved_by("bob"), approved_by("carol", 3600 * kSecond)};
  EXPECT_THAT(missing(two, proofs), ElementsAre("approval")) << "an approval ends at its last second";
  proofs.approvals = {approved_by("bob"), approved_by("carol", 3600 * kSecond - 1)};
  EXPECT_THAT(missing(two, proofs), IsEmpty());
  proofs.approvals = {approved_by("bob"), {"r1", "dave", {"ops"}, 0}};
  EXPECT_THAT(missing(two, proofs), ElementsAre("approval"));
  RequireRules named;
  named.approval = ApprovalRule{{"dave"}, {}, 1, 60};
  EXPECT_THAT(missing(sum({named}), proofs), IsEmpty());
  EXPECT_THAT(missing(sum({named, approval(2, {"leads"})}), proofs), ElementsAre("approval"));
}

TEST(Requirements, AReasonIsMoreThanBlanks) {
  RequireRules rules;
  rules.reason = true;
  Proofs proofs;
  proofs.reason = " \t ";
  EXPECT_THAT(missing(sum({rules}), proofs), ElementsAre("reason"));
  proofs.reason = "disk full";
  EXPECT_THAT(missing(sum({rules}), proofs), IsEmpty());
}

TEST(Requirements, ATicketMatchesWholeAndEveryPattern) {
  RequireRules change, seven;
  change.ticket = "CHG-[0-9]+|INC-[0-9]+";
  seven.ticket = ".*7";
  Proofs proofs;
  for (const auto& [ticket, good] : {std::pair{"CHG-17", true},
                                     {"INC-7", true},
                                     {"CHG-18", false},
                                     {"xCHG-17", false},
                                     {"CHG-17 7", false},
                                     {"", false}}) {
    proofs.ticket = ticket;
    EXPECT_EQ(missing(sum({change, seven}), proofs).empty(), good) << ticket;
  }
  proofs.ticket = "CHG-" + std::string(kMaxTicketBytes, '7');
  EXPECT_THAT(missing(sum({change}), proofs), ElementsAre("ticket"));
}

TEST(Requirements, APatternIsCheckedBeforeItIsKept) {
  EXPECT_TRUE(check_ticket_pattern("CHG-[0-9]+"));
  EXPECT_THAT(check_ticket_pattern("CHG-[0-9").message(), HasSubstr("pattern of RE2"));
  EXPECT_FALSE(check_ticket_pattern("(a)\\1")) << "no back references: they are not linear";
  EXPECT_FALSE(check_ticket_pattern(""));
  EXPECT_FALSE(check_ticket_pattern(".*"));
  EXPECT_FALSE(check_ticket_pattern(std::string(300, 'a')));
  EXPECT_FALSE(check_ticket_pattern("((a{100}){100}){100}")) << "more memory than a pattern may have";
  RequireRules broken;
  broken.ticket = "[";
  Proofs proofs;
  proofs.ticket = "[";
  EXPECT_THAT(missing(sum({broken}), proofs), ElementsAre("ticket"));
}

TEST(Requirements, OrderIsNoMatter) {
  RequireRules ticket;
  ticket.ticket = "CHG-[0-9]+";
  RequireRules reason;
  reason.reason = true;
  std::vector<RequireRules> rules = {totp(60), approval(1, {"leads"}), approval(2, {"leads"}), ticket, reason,
                                     totp(30)};
  const Requirements first = sum(rules);
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
  do {
    std::vector<RequireRules> now;
    for (const std::size_t i : order) now.push_back(rules[i]);
    ASSERT_EQ(sum(now), first);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(first.approvals.size(), 2U);
}

}  // namespace
}  // namespace sallyport::policy
