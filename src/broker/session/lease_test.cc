// SPDX-License-Identifier: Apache-2.0
// A session under changing policies: it keeps what they still allow, loses the rest, and gains nothing.
#include "broker/session/lease.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
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

TEST_F(LeaseTest, OfEachLimitOnTimeTheShorterOneHolds) {
  parts_.grant.limits.duration_seconds = 600;
  parts_.grant.limits.idle_seconds = 60;
  parts_.grant.limits.sessions_per_user = 5;
  policy::Policy policy = usual_policy();
  policy.allow = parts_.grant.permissions;
  policy.limits.duration_seconds = 300;
  policy.limits.idle_seconds = 90;
  policy.limits.input_idle_seconds = 30;
  policy.limits.sessions_per_user = 1;
  state_->resources.put(policy);
  const policy::Limits now = review().limits;
  EXPECT_EQ(now.duration_seconds, 300);
  EXPECT_EQ(now.idle_seconds, 60) << "a session never gains";
  EXPECT_EQ(now.input_idle_seconds, 30);
  EXPECT_EQ(now.sessions_per_user, 5);
}

TEST_F(LeaseTest, EndsWithItsPolicyUserTargetOrAccount) {
  state_->resources.drop_policy("ops");
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

/// Random changes, and what they come to by an account of the test's own.
class RandomChanges {
 public:
  explicit RandomChanges(unsigned seed) : random_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }

  policy::Policy policy(base::Micros now) {
    policy::Policy out = usual_policy();
    out.name = "p" + std::to_string(below(3));
    out.allow = {};
    for (const Permission one : kAll) {
      if (one_in(2)) out.allow.add(one);
    }
    if (one_in(10)) out.effect = policy::Effect::deny;
    if (one_in(4)) out.when.valid_until_us = now + base::Micros{below(1800)} * kSecond - 900 * kSecond;
    if (one_in(8)) out.when.from = {one_in(2) ? "192.0.2.0/24" : "10.0.0.0/8"};
    if (one_in(6)) out.require.reason = true;
    if (one_in(4)) out.require.approval = policy::ApprovalRule{{"bob"}, {}, 1, 3600};
    if (one_in(3)) out.limits.duration_seconds = 1 + below(1000);
    if (one_in(3)) out.limits.idle_seconds = 1 + below(1000);
    return out;
  }
  static constexpr std::array kAll{Permission::shell, Permission::exec, Permission::sftp, Permission::forward_local};

 private:
  std::mt19937_64 random_;
};

policy::AccessRequest approved_by_bob(base::Micros at, const std::string& reason) {
  policy::AccessRequest out;
  out.requester = "alice";
  out.state = policy::RequestState::approved;
  out.approved_us = at;
  out.valid_seconds = 3600;
  out.reason = reason;
  out.votes = {{"bob", true, at, ""}};
  return out;
}

bool no_longer(std::int64_t now, std::int64_t before) {  // 0: no limit
  return before == 0 || (now != 0 && now <= before);
}

// Whatever is changed, in whatever order: a session that goes on is one that would be granted now, and what it may do
// is no more than what it could, and than what is granted.
TEST_F(LeaseTest, NeverOutlivesItsGrant) {
  RandomChanges chance(3);
  std::map<std::string, unsigned> ended;
  unsigned lived = 0, lived_by_approval = 0, shorter = 0;
  for (int round = 0; round < 4000; ++round) {
    state_ = usual_state();
    policy::User bob;
    bob.name = "bob";
    state_->resources.put(bob);
    parts_.grant.permissions = allowed({Permission::shell, Permission::exec, Permission::sftp});
    parts_.grant.limits = {};
    base::Micros now = 10'000 * kSecond;
    parts_.approval.reset();
    if (chance.one_in(2)) parts_.approval = approved_by_bob(now, chance.one_in(2) ? "disk full" : "");
    for (int change = 0; change < 4; ++change) {
      now += base::Micros{chance.below(1800)} * kSecond;
      state_->resources.put(chance.policy(now));
      if (chance.one_in(3)) state_->resources.drop_policy("ops");
      if (chance.one_in(20)) {
        policy::User alice = *state_->resources.user("alice");
        alice.disabled = true;
        state_->resources.put(alice);
      }
      bob.disabled = bob.disabled || chance.one_in(12);
      state_->resources.put(bob);
      policy::Target target = *state_->resources.target("web1");
      if (chance.one_in(20)) target.host = "10.0.0.10";
      state_->resources.put(target);

      const auto decision =
          policy::decide(state_->resources, {"alice", {}, "web1", "deploy", now, usual_facts().source_host});
      const auto* grant = std::get_if<policy::Grant>(&decision);
      const bool is_approved = parts_.approval && !bob.disabled && now < parts_.approval->approved_us + 3600 * kSecond;
      const bool is_proved = grant != nullptr && (grant->requirements.approvals.empty() || is_approved) &&
                             (!grant->requirements.reason || (parts_.approval && !parts_.approval->reason.empty()));
      const auto reviewed = review(now);
      ASSERT_EQ(reviewed.ends, !is_proved || target.host != parts_.target.host) << round << " " << reviewed.detail;
      if (reviewed.ends) {
        ++ended[reviewed.code];
        break;
      }
      ++lived;
      if (!grant->requirements.approvals.empty()) ++lived_by_approval;
      for (const Permission one : RandomChanges::kAll) {
        ASSERT_EQ(reviewed.permissions.has(one), parts_.grant.permissions.has(one) && grant->permissions.has(one));
      }
      for (const auto limit : {&policy::Limits::duration_seconds, &policy::Limits::idle_seconds}) {
        ASSERT_TRUE(no_longer(reviewed.limits.*limit, parts_.grant.limits.*limit));
        ASSERT_TRUE(no_longer(reviewed.limits.*limit, grant->limits.*limit));
        if (reviewed.limits.*limit != parts_.grant.limits.*limit) ++shorter;
      }
      parts_.grant.permissions = reviewed.permissions;
      parts_.grant.limits = reviewed.limits;
    }
  }
  // Each way to end, and to go on, was there: else this showed nothing.
  for (const char* code :
       {"no_policy", "denied_by_policy", "conditions", "disabled_user", "requirement_unmet", "target_changed"}) {
    EXPECT_GT(ended[code], 20U) << code;
  }
  EXPECT_GT(lived, 1000U);
  EXPECT_GT(lived_by_approval, 100U);
  EXPECT_GT(shorter, 500U);
}

}  // namespace
}  // namespace sallyport::broker
