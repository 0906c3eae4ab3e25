// SPDX-License-Identifier: Apache-2.0
// What holds of every set of policies: random ones over a small inventory, thousands of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "policy/decide.h"
#include "policy/lint.h"

namespace sallyport::policy {
namespace {

constexpr int kWorlds = 400;
constexpr int kRequests = 40;

class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  bool one_in(int n) { return below(n) == 0; }
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  template <class List>
  auto any(const List& list) {
    return *(std::begin(list) + below(static_cast<int>(std::size(list))));
  }
  /// Some of them, at least one.
  std::vector<std::string> some(const std::vector<std::string>& list) {
    std::vector<std::string> out;
    for (const std::string& one : list) {
      if (one_in(3)) out.push_back(one);
    }
    if (out.empty()) out.push_back(any(list));
    return out;
  }
  template <class T>
  void shuffle(std::vector<T>& list) {
    std::shuffle(list.begin(), list.end(), random_);
  }

 private:
  std::mt19937 random_;
};

const std::vector<std::string> kUsers = {"alice", "bob", "carol"};
const std::vector<std::string> kGroups = {"ops", "dba", "leads"};
const std::vector<std::string> kTargets = {"web1", "web2", "db1", "db2"};
const std::vector<std::string> kAccounts = {"deploy", "root"};
const std::vector<std::string> kSources = {"10.0.0.1", "192.0.2.1", "fd00::1", "", "nonsense"};
const std::vector<std::string> kBlocks = {"10.0.0.0/8", "192.0.2.0/24", "fd00::/8"};

Selector random_selector(Chance& chance) {
  Selector out;
  if (chance.one_in(4)) {
    out.names = {"*"};
  } else if (chance.one_in(3)) {
    out.names = chance.some(kTargets);
  } else {
    out.labels.push_back({{"env", chance.some({"prod", "stage"})}});
    if (chance.one_in(2))
      out.labels.back().emplace("kind", std::vector<std::string>{chance.any(std::vector<std::string>{"web", "db"})});
    if (chance.one_in(3)) out.names = {chance.any(kTargets)};
  }
  return out;
}

When random_when(Chance& chance) {
  When out;
  if (chance.one_in(3)) {
    for (int day = 0; day < 7; ++day) {
      if (chance.one_in(2)) out.days.push_back(day);
    }
  }
  if (chance.one_in(4)) out.hours = Hours{chance.below(24) * 60, 1 + chance.below(1440)};
  if (out.hours && out.hours->from == out.hours->until) out.hours.reset();
  if (chance.one_in(8)) out.zone = "No/Such_Zone";
  if (chance.one_in(4)) out.from = chance.some(kBlocks);
  if (chance.one_in(8)) out.valid_from_us = base::Micros{chance.below(14)} * 86'400'000'000 + 1;
  if (chance.one_in(8)) out.valid_until_us = base::Micros{14 + chance.below(14)} * 86'400'000'000;
  return out;
}

RequireRules random_require(Chance& chance) {
  RequireRules out;
  if (chance.one_in(4)) out.factors = {Factor::totp};
  if (!out.factors.empty() && chance.one_in(2)) out.remember_seconds = 1 + chance.below(1000);
  if (chance.one_in(5))
    out.approval = ApprovalRule{{}, chance.some(kGroups), 1 + chance.below(2), 60 + chance.below(3) * 60};
  out.reason = chance.one_in(6);
  if (chance.one_in(6)) out.ticket = chance.any(std::vector<std::string>{"CHG-[0-9]+", "INC-[0-9]+"});
  if (chance.one_in(8)) out.supervisor = SupervisorRule{{}, chance.some(kGroups), 60 + chance.below(3) * 60};
  return out;
}

Permissions random_permissions(Chance& chance) {
  Permissions out;
  for (const Permission one : {Permission::shell, Permission::exec, Permission::sftp}) {
    if (chance.one_in(2)) out.add(one);
  }
  return out;
}

enum class Only { anything, denials };

Policy random_policy(Chance& chance, const std::string& name, Only only) {
  Policy out;
  out.name = name;
  out.subjects.users = chance.one_in(4) ? std::vector<std::string>{"*"} : chance.some(kUsers);
  if (chance.one_in(2)) out.subjects.groups = chance.some(kGroups);
  if (chance.one_in(2) && !out.subjects.groups.empty()) out.subjects.users.clear();
  out.targets = random_selector(chance);
  out.accounts = chance.one_in(3) ? std::vector<std::string>{"*"} : chance.some(kAccounts);
  if (chance.one_in(2)) out.when = random_when(chance);
  if (only == Only::denials ? chance.one_in(2) : chance.one_in(10)) {
    out.effect = Effect::deny;
    return out;
  }
  if (only == Only::anything) out.allow = random_permissions(chance);
  if (only == Only::denials || chance.one_in(4)) out.deny = random_permissions(chance);
  if (out.allow.empty() && out.deny.empty()) out.deny.add(Permission::shell);
  if (chance.one_in(3)) out.require = random_require(chance);
  if (chance.one_in(3)) out.limits.idle_seconds = 1 + chance.below(100);
  if (chance.one_in(3)) out.limits.duration_seconds = 1 + chance.below(100);
  if (chance.one_in(3)) out.limits.sessions_per_user = 1 + chance.below(9);
  out.limits.exclusive = chance.one_in(5);
  if (chance.one_in(4)) out.record.strict = chance.one_in(2);
  return out;
}

/// Everything but the policies.
Snapshot inventory() {
  Snapshot out;
  for (const char* json :
       {R"({"kind":"user","name":"alice","groups":["ops"]})", R"({"kind":"user","name":"bob"})",
        R"({"kind":"user","name":"carol","groups":["leads"],"disabled":true})",
        R"({"kind":"group","name":"dba","members":["bob","carol"]})",
        R"({"kind":"target","name":"web1","protocol":"ssh","address":"h","labels":{"env":"prod","kind":"web"}})",
        R"({"kind":"target","name":"web2","protocol":"ssh","address":"h","labels":{"env":"stage","kind":"web"}})",
        R"({"kind":"target","name":"db1","protocol":"ssh","address":"h","labels":{"env":"prod","kind":"db"}})",
        R"({"kind":"target","name":"db2","protocol":"ssh","address":"h"})",
        R"({"kind":"account","name":"deploy","targets":{"kind":"web"},"login":"key"})",
        R"({"kind":"account","name":"root","targets":["*"],"login":"key"})"}) {
    auto resource = parse_resource(json);
    EXPECT_TRUE(resource) << resource.message();
    if (resource) out.put(std::move(*resource));
  }
  return out;
}

std::vector<Policy> random_policies(Chance& chance) {
  std::vector<Policy> out;
  const int count = 1 + chance.below(8);
  for (int i = 0; i < count; ++i) out.push_back(random_policy(chance, "p" + std::to_string(i), Only::anything));
  return out;
}

Snapshot with(const std::vector<Policy>& policies) {
  Snapshot out = inventory();
  for (const Policy& policy : policies) out.put(policy);
  return out;
}

Request random_request(Chance& chance) {
  Request out;
  out.user = chance.any(kUsers);
  if (chance.one_in(4)) out.groups = chance.some(kGroups);
  out.target = chance.any(kTargets);
  out.account = chance.any(kAccounts);
  out.time_us = (base::Micros{chance.below(28 * 24 * 60)} * 60 + 1) * 1'000'000;
  out.source = chance.any(kSources);
  return out;
}

std::string described(const std::vector<Policy>& policies, const Request& r) {
  std::string out =
      r.user + " " + r.account + "@" + r.target + " from '" + r.source + "' at " + std::to_string(r.time_us);
  for (const Policy& policy : policies) out += "\n" + to_json(policy);
  return out;
}

bool no_larger(std::int64_t now, std::int64_t before) {  // 0: no limit
  return before == 0 || (now != 0 && now <= before);
}

bool holds_all(const Requirements& more, const Requirements& fewer) {
  return std::includes(more.factors.begin(), more.factors.end(), fewer.factors.begin(), fewer.factors.end()) &&
         std::includes(more.approvals.begin(), more.approvals.end(), fewer.approvals.begin(), fewer.approvals.end()) &&
         std::includes(more.tickets.begin(), more.tickets.end(), fewer.tickets.begin(), fewer.tickets.end()) &&
         (fewer.factors.empty() || more.remember_seconds <= fewer.remember_seconds) && more.reason >= fewer.reason &&
         std::includes(more.supervisors.begin(), more.supervisors.end(), fewer.supervisors.begin(),
                       fewer.supervisors.end());
}

template <class Property>
void for_random_worlds(Property property) {
  for (unsigned seed = 0; seed < kWorlds && !::testing::Test::HasFailure(); ++seed) {
    Chance chance(seed);
    const std::vector<Policy> policies = random_policies(chance);
    for (int i = 0; i < kRequests && !::testing::Test::HasFailure(); ++i) {
      const Request request = random_request(chance);
      SCOPED_TRACE("seed " + std::to_string(seed) + ": " + described(policies, request));
      property(chance, policies, request);
    }
  }
}

TEST(DecideProperty, NoOrderOfPoliciesChangesTheOutcome) {
  for_random_worlds([](Chance& chance, std::vector<Policy> policies, const Request& request) {
    const Decision first = decide(with(policies), request);
    chance.shuffle(policies);
    Snapshot later = inventory();
    for (const Policy& policy : policies) {
      if (chance.one_in(3)) later.put(random_policy(chance, policy.name, Only::anything));  // an older version of it
    }
    later.put(random_policy(chance, "gone", Only::anything));
    for (const Policy& policy : policies) later.put(policy);
    later.drop_policy("gone");
    EXPECT_EQ(decide(later, request), first);
  });
}

TEST(DecideProperty, AddingADenyNeverAllowsMore) {
  int grants = 0;
  for_random_worlds([&](Chance& chance, std::vector<Policy> policies, const Request& request) {
    const Decision before = decide(with(policies), request);
    policies.push_back(random_policy(chance, "more", Only::denials));
    const Decision now = decide(with(policies), request);
    const auto* granted = std::get_if<Grant>(&now);
    if (granted == nullptr) return;
    ++grants;
    const auto* was = std::get_if<Grant>(&before);
    ASSERT_NE(was, nullptr) << to_json(policies.back());
    Permissions gained = granted->permissions;
    gained.remove(was->permissions);
    EXPECT_TRUE(gained.empty()) << to_json(policies.back());
    EXPECT_TRUE(holds_all(granted->requirements, was->requirements)) << to_json(policies.back());
    EXPECT_TRUE(no_larger(granted->limits.idle_seconds, was->limits.idle_seconds));
    EXPECT_TRUE(no_larger(granted->limits.duration_seconds, was->limits.duration_seconds));
    EXPECT_TRUE(no_larger(granted->limits.sessions_per_user, was->limits.sessions_per_user));
    EXPECT_GE(granted->limits.exclusive, was->limits.exclusive);
    EXPECT_GE(granted->record.strict, was->record.strict);
  });
  EXPECT_GT(grants, 1000) << "the random policies deny nearly everything, so this showed nothing";
}

// Decided anew from the explanation alone: what allows, without what anything denies.
TEST(DecideProperty, ExplanationAndDecisionAgree) {
  using Outcome = Consideration::Outcome;
  for_random_worlds([](Chance&, const std::vector<Policy>& policies, const Request& request) {
    const Snapshot snapshot = with(policies);
    const std::vector<Consideration> all = explain(snapshot, request);
    ASSERT_EQ(all.size(), policies.size());
    Permissions allowed, denied;
    bool refused = false;
    std::vector<std::string> concerned;
    Requirements requirements;
    Limits limits;
    const auto keep_shorter = [](std::int64_t& so_far, const std::optional<std::int64_t>& other) {
      if (other && (so_far == 0 || *other < so_far)) so_far = *other;
    };
    for (const Consideration& one : all) {
      const Policy& policy = snapshot.policies.at(one.policy);
      EXPECT_EQ(one.why.empty(), one.outcome != Outcome::other_time && one.outcome != Outcome::other_source &&
                                     one.outcome != Outcome::uncertain);
      if (one.outcome != Outcome::allows && one.outcome != Outcome::denies && one.outcome != Outcome::uncertain)
        continue;
      if (one.outcome == Outcome::allows) allowed.add(policy.allow);
      denied.add(policy.deny);
      refused |= policy.effect == Effect::deny;
      concerned.push_back(one.policy);
      requirements.add(policy.require);
      keep_shorter(limits.idle_seconds, policy.limits.idle_seconds);
      keep_shorter(limits.duration_seconds, policy.limits.duration_seconds);
      keep_shorter(limits.sessions_per_user, policy.limits.sessions_per_user);
      limits.exclusive |= policy.limits.exclusive;
    }
    const User* user = snapshot.user(request.user);
    const bool possible = user != nullptr && !user->disabled &&
                          matches(snapshot.account(request.account)->targets, *snapshot.target(request.target));
    allowed.remove(denied);
    const Decision decision = decide(snapshot, request);
    const auto* grant = std::get_if<Grant>(&decision);
    ASSERT_EQ(grant != nullptr, possible && !refused && !allowed.empty());
    if (grant == nullptr) return;
    EXPECT_EQ(grant->permissions, allowed);
    EXPECT_EQ(grant->policies, concerned);
    EXPECT_EQ(grant->requirements, requirements);
    EXPECT_EQ(grant->limits, limits) << "of each limit the stricter one";
  });
}

TEST(DecideProperty, WhatIsListedIsWhatIsGranted) {
  for_random_worlds([](Chance& chance, const std::vector<Policy>& policies, Request request) {
    if (!chance.one_in(5)) return;
    const Snapshot snapshot = with(policies);
    const auto listed = choices(snapshot, request.user, request.groups, request.time_us, request.source);
    for (const std::string& target : kTargets) {
      for (const std::string& account : kAccounts) {
        request.target = target;
        request.account = account;
        const bool is_listed = std::find(listed.begin(), listed.end(), Choice{account, target}) != listed.end();
        EXPECT_EQ(is_listed, std::holds_alternative<Grant>(decide(snapshot, request))) << account << "@" << target;
      }
    }
  });
}

// A policy that lint() calls useless is: without it the same is granted.
TEST(DecideProperty, WithoutAShadowedPolicyEveryDecisionIsTheSame) {
  int shadowed = 0;
  for_random_worlds([&](Chance& chance, const std::vector<Policy>& policies, const Request& request) {
    if (!chance.one_in(4)) return;
    Snapshot snapshot = with(policies);
    const Decision before = decide(snapshot, request);
    for (const Finding& one : lint(snapshot, 0)) {
      if (one.kind != Finding::Kind::shadowed) continue;
      ++shadowed;
      Snapshot without = snapshot;
      without.drop_policy(one.policy);
      Decision now = decide(without, request);
      ASSERT_EQ(std::holds_alternative<Grant>(now), std::holds_alternative<Grant>(before)) << one.policy << one.reason;
      if (!std::holds_alternative<Grant>(now)) continue;
      std::get<Grant>(now).policies = std::get<Grant>(before).policies;
      EXPECT_EQ(now, before) << one.policy << ": " << one.reason;
    }
  });
  EXPECT_GT(shadowed, 100) << "the random policies shadow one another too rarely, so this showed nothing";
}

}  // namespace
}  // namespace sallyport::policy
