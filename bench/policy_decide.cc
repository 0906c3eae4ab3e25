// SPDX-License-Identifier: Apache-2.0
// How long a decision takes over 10,000 policies and 100,000 targets. Prints a line of JSON for each shape of policies:
//   {"shape", "policies", "targets", "decisions", "granted", "p50_us", "p99_us", "cpu_p50_us", "cpu_p99_us", "load_ms"}
// The times of the thread's processor leave out what other programs took from it.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "policy/decide.h"

namespace {

using namespace sallyport;
using Clock = std::chrono::steady_clock;

constexpr int kPolicies = 10'000;
constexpr int kTargets = 100'000;
constexpr int kUsers = 10'000;
constexpr int kGroups = 1'000;
constexpr int kAccounts = 200;
constexpr int kTeams = 500;
constexpr int kDecisions = 50'000;

/// What the policies of an organisation have in common.
enum class Shape {
  teams,   ///< a group reaches the targets of a team
  people,  ///< a user reaches single targets
  shared,  ///< every policy is for everybody; targets and accounts tell them apart
};

const char* name_of(Shape shape) {
  switch (shape) {
    case Shape::teams:
      return "teams";
    case Shape::people:
      return "people";
    case Shape::shared:
      return "shared";
  }
  return "";
}

std::string numbered(const char* word, int number) {
  return word + std::to_string(number);
}

policy::Policy policy_of(Shape shape, int number) {
  policy::Policy out;
  out.name = numbered("policy", number);
  out.allow.add(policy::Permission::shell);
  out.accounts = {numbered("account", number % kAccounts)};
  out.when.days = {0, 1, 2, 3, 4};
  out.when.hours = policy::Hours{8 * 60, 18 * 60};
  out.when.from = {"10.0.0.0/8", "192.168.0.0/16"};
  out.limits.idle_seconds = 600;
  if (number % 10 == 0) out.require.reason = true;
  const std::string team = numbered("team", number % kTeams);
  switch (shape) {
    case Shape::teams:
      out.subjects.groups = {numbered("group", number % kGroups)};
      out.targets.labels = {{{"env", {"prod", "stage"}}, {"team", {team}}}};
      break;
    case Shape::people:
      out.subjects.users = {numbered("user", number % kUsers)};
      for (int i = 0; i < 20; ++i) out.targets.names.push_back(numbered("target", (number * 7 + i * 131) % kTargets));
      break;
    case Shape::shared:
      out.subjects.users = {"*"};
      out.targets.labels = {{{"team", {team}}}};
      break;
  }
  return out;
}

policy::Snapshot world(Shape shape) {
  policy::Snapshot out;
  for (int i = 0; i < kGroups; ++i) {
    policy::Group group;
    group.name = numbered("group", i);
    for (int m = 0; m < 30; ++m) group.members.push_back(numbered("user", (i * 10 + m) % kUsers));
    out.put(std::move(group));
  }
  for (int i = 0; i < kUsers; ++i) {
    policy::User user;
    user.name = numbered("user", i);
    user.groups = {numbered("group", i % kGroups)};
    out.put(std::move(user));
  }
  for (int i = 0; i < kTargets; ++i) {
    policy::Target target;
    target.name = numbered("target", i);
    target.host = "h";
    target.labels = {{"env", i % 3 == 0 ? "stage" : "prod"},
                     {"team", numbered("team", i % kTeams)},
                     {"os", "linux"},
                     {"site", numbered("site", i % 20)}};
    out.put(std::move(target));
  }
  for (int i = 0; i < kAccounts; ++i) {
    policy::Account account;
    account.name = numbered("account", i);
    account.targets.names = {"*"};
    out.put(std::move(account));
  }
  for (int i = 0; i < kPolicies; ++i) out.put(policy_of(shape, i));
  return out;
}

/// Half of the requests are ones that a policy is about.
policy::Request request_of(Shape shape, std::mt19937& random) {
  const auto below = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  policy::Request out;
  out.time_us = 1'772'442'000'000'000;  // a Monday, 09:00 UTC
  out.source = "10.1.2.3";
  const int number = below(kPolicies);
  const bool about = below(2) == 0;
  out.user = numbered("user", shape == Shape::people && about ? number % kUsers : below(kUsers));
  if (shape == Shape::teams && about) out.user = numbered("user", number % kGroups);
  out.account = numbered("account", about ? number % kAccounts : below(kAccounts));
  int target = below(kTargets);
  if (about)
    target = shape == Shape::people ? (number * 7) % kTargets : number % kTeams + kTeams * below(kTargets / kTeams);
  out.target = numbered("target", target);
  return out;
}

double thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double at(std::vector<double>& times, double part) {
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
}

void measure(Shape shape) {
  const auto began = Clock::now();
  const policy::Snapshot snapshot = world(shape);
  const std::chrono::duration<double, std::milli> load = Clock::now() - began;
  std::mt19937 random(1);
  std::vector<double> wall, cpu;
  int granted = 0;
  for (int i = 0; i < kDecisions; ++i) {
    const policy::Request request = request_of(shape, random);
    const double cpu_before = thread_cpu_us();
    const auto before = Clock::now();
    const policy::Decision decision = policy::decide(snapshot, request);
    wall.push_back(std::chrono::duration<double, std::micro>(Clock::now() - before).count());
    cpu.push_back(thread_cpu_us() - cpu_before);
    if (std::holds_alternative<policy::Grant>(decision)) ++granted;
  }
  std::printf(
      "{\"shape\": \"%s\", \"policies\": %d, \"targets\": %d, \"decisions\": %d, \"granted\": %d, \"p50_us\": %.1f, "
      "\"p99_us\": %.1f, \"cpu_p50_us\": %.1f, \"cpu_p99_us\": %.1f, \"load_ms\": %.0f}\n",
      name_of(shape), kPolicies, kTargets, kDecisions, granted, at(wall, 0.5), at(wall, 0.99), at(cpu, 0.5),
      at(cpu, 0.99), load.count());
}

}  // namespace

int main() {
  for (const Shape shape : {Shape::teams, Shape::people, Shape::shared}) measure(shape);
  return 0;
}
