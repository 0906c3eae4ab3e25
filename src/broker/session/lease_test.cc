// SPDX-License-Identifier: Apache-2.0
// A session under changing policies: it keeps what they still allow, loses the rest, and gains nothing.
#include "broker/session/lease.h"

#include <gtest/gtest.h>

#include <random>

#include "broker/session/opening_run_test.h"
#include "keys/private_key.h"

namespace sallyport::broker {
namespace {

using policy::Permission;

class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() : parts_("id1", usual_facts(), front_) {
    parts_.target = *state_->resources.target("web1");
    parts_.account = *state_->resources.account("deploy");
    parts_.grant.permissions = allowed({Permission::shell, Permission::exec, Permission::forward_local});
    allow({Permission::shell, Permission::exec, Permission::forward_local});
  }
  static policy::Permissions allowed(const std::vector<Permission>& all) {
    policy::Permissions out;
    for (const Permission one : all) out.add(one);
    return out;
  }
  void allow(const std::vector<Permission>& all) {
    policy::Policy policy = usual_policy();
    policy.allow = allowed(all);
    state_->resources.put(policy);
  }
  LeaseReview review(base::Micros now_us = 1000 * kSecond) const { return review_lease(*state_, parts_, now_us); }

  std::shared_ptr<PolicyState> state_ = usual_state();
  FakeFront front_;
  SessionParts parts_;
};

TEST_F(LeaseTest, WhatIsStillAllowedGoesOn) {
  const auto now = review();
  EXPECT_FALSE(now.ends) << now.detail;
  EXPECT_EQ(now.permissions, parts_.grant.permissions);
}

TEST_F(LeaseTest, APermissionThatWasTakenIsGoneAndNoneIsGained) {
  allow({Permission::shell, Permission::sftp});
  const auto now = review();
  EXPECT_FALSE(now.ends);
  EXPECT_EQ(now.permissions, allowed({Permission::shell}));
}

TEST_F(LeaseTest, EndsWithItsPolicyUserTargetOrAccount) {
  state_->resources.policies.clear();
  EXPECT_EQ(review().code, "no_policy");
  state_ = usual_state();
  state_->resources.users.clear();
  EXPECT_TRUE(review().ends);
  state_ = usual_state();
  state_->resources.targets.clear();
  EXPECT_TRUE(review().ends);
  state_ = usual_state();
  state_->resources.accounts.clear();
  EXPECT_TRUE(review().ends);
}

TEST_F(LeaseTest, EndsWhenTheTargetOrTheAccountMeansSomethingElse) {
  auto target = *state_->resources.target("web1");
  target.host = "10.0.0.10";
  state_->resources.put(target);
  EXPECT_EQ(review().code, "target_changed");
  state_ = usual_state();
  auto account = *state_->resources.account("deploy");
  account.login_name = "root";
  state_->resources.put(account);
  EXPECT_EQ(review().code, "target_changed");
}

TEST_F(LeaseTest, EndsWithTheCertificateAndKeepsItsLimits) {
  base::SystemRandom random;
  const auto ca = keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random).value();
  keys::CertificateFields fields;
  fields.principals = {parts_.facts.identity.user};
  fields.valid_before = 1100;
  const auto certificate =
      keys::Certificate::parse(keys::issue_certificate(fields, ca.public_key(), ca, random).value()).value();
  parts_.facts.identity.certificate =
      std::make_shared<CertificateLogin>(CertificateLogin{certificate, "corp", parts_.facts.source_host});
  EXPECT_EQ(review().code, "certificate") << "of an authority that nobody has declared";
  policy::UserCa rules;
  rules.name = "corp";
  rules.public_keys = {ca.public_key().line("")};
  state_->authorities = UserAuthorities::of({{"corp", rules}}).value();
  const auto now = review();
  EXPECT_FALSE(now.ends) << now.detail;
  EXPECT_EQ(now.permissions, allowed({Permission::shell, Permission::exec})) << "it permits no forwarding";
  EXPECT_EQ(review(1100 * kSecond).code, "certificate");
}

TEST_F(LeaseTest, EndsWhenMoreIsDemanded) {
  policy::Policy policy = usual_policy();
  policy.require.approval = policy::ApprovalRule{{"bob"}, {}, 1, 3600};
  state_->resources.put(policy);
  EXPECT_EQ(review().code, "requirement_unmet");
}

TEST_F(LeaseTest, AnApprovalEndsWithItsTimeAndWithItsApprover) {
  policy::User bob;
  bob.name = "bob";
  state_->resources.put(bob);
  policy::Policy policy = usual_policy();
  policy.require.approval = policy::ApprovalRule{{"bob"}, {}, 1, 3600};
  state_->resources.put(policy);
  policy::AccessRequest approved;
  approved.requester = "alice";
  approved.state = policy::RequestState::approved;
  approved.approved_us = 1000 * kSecond;
  approved.valid_seconds = 3600;
  approved.votes = {{"bob", true, approved.approved_us, ""}};
  parts_.approval = approved;
  EXPECT_FALSE(review(1001 * kSecond).ends) << review(1001 * kSecond).detail;
  EXPECT_TRUE(review(1000 * kSecond + 3600 * kSecond).ends);
  bob.disabled = true;
  state_->resources.put(bob);
  EXPECT_TRUE(review(1001 * kSecond).ends);
}

// Whatever is changed, in whatever order: a session that goes on is one that would be granted now, and what it may do
// is no more than what it could, and than what is granted.
TEST_F(LeaseTest, NeverOutlivesItsGrant) {
  std::mt19937_64 random(3);
  const std::vector<Permission> all{Permission::shell, Permission::exec, Permission::sftp, Permission::forward_local};
  std::size_t ended = 0, lived = 0;
  for (int round = 0; round < 2000; ++round) {
    state_ = usual_state();
    parts_.grant.permissions = allowed({Permission::shell, Permission::exec, Permission::sftp});
    base::Micros now = 1000 * kSecond;
    for (int change = 0; change < 4; ++change) {
      now += static_cast<base::Micros>(random() % 3600) * kSecond;
      policy::Policy policy = usual_policy();
      policy.name = "p" + std::to_string(random() % 3);
      policy.allow = {};
      for (const Permission one : all) {
        if (random() % 2 == 0) policy.allow.add(one);
      }
      if (random() % 8 == 0) policy.effect = policy::Effect::deny;
      if (random() % 4 == 0)
        policy.when.valid_until_us = now + static_cast<base::Micros>(random() % 1800) * kSecond - 900 * kSecond;
      if (random() % 6 == 0) policy.require.reason = true;
      state_->resources.put(policy);
      if (random() % 3 == 0) state_->resources.policies.erase("ops");
      const auto reviewed = review(now);
      const auto decision =
          policy::decide(state_->resources, {"alice", {}, "web1", "deploy", now, usual_facts().source_host});
      const auto* grant = std::get_if<policy::Grant>(&decision);
      const bool good = grant != nullptr && grant->requirements.empty();
      ASSERT_EQ(reviewed.ends, !good) << round << " " << reviewed.detail;
      if (reviewed.ends) {
        ++ended;
        break;
      }
      ++lived;
      for (const Permission one : all) {
        ASSERT_EQ(reviewed.permissions.has(one), parts_.grant.permissions.has(one) && grant->permissions.has(one));
      }
      parts_.grant.permissions = reviewed.permissions;
    }
  }
  EXPECT_GT(ended, 300U);
  EXPECT_GT(lived, 300U);
}

}  // namespace
}  // namespace sallyport::broker
