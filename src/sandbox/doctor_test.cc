// SPDX-License-Identifier: Apache-2.0
// The host as it is must pass; a host that refuses something must be told apart, with a remedy.
#include "sandbox/doctor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/trial.h"

namespace sallyport::sandbox {
namespace {

std::optional<Identity> worker_identity() {
  if (::geteuid() == 0) return Identity{65534, 65534};
  return {};
}

const Finding& named(const std::vector<Finding>& findings, std::string_view name) {
  for (const auto& f : findings) {
    if (f.name == name) return f;
  }
  ADD_FAILURE() << "no finding " << name;
  return findings.front();
}

TEST(Doctor, FindsThisHostFit) {
  const auto findings = examine_host(worker_identity());
  for (const auto& f : findings) {
    EXPECT_NE(f.state, FindingState::fail) << f.name << ": " << f.detail << "\n" << f.remedy;
    EXPECT_FALSE(f.why.empty());
    EXPECT_EQ(f.remedy.empty(), f.state == FindingState::ok) << f.name;
  }
  EXPECT_TRUE(can_serve(findings));
}

TEST(Doctor, LeavesTheCallerAsItWas) {
  const int before = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(before, 0);
  ::close(before);
  static_cast<void>(examine_host(worker_identity()));
  const int after = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(after, before);  // the same number is free again, and files can still be opened
  ::close(after);
  EXPECT_EQ(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

TEST(Doctor, RootWithoutAWorkerUserFails) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root is asked for another user";
  const auto findings = examine_host({});
  EXPECT_EQ(named(findings, "worker user").state, FindingState::fail);
  EXPECT_FALSE(named(findings, "worker user").remedy.empty());
  EXPECT_FALSE(can_serve(findings));
}

/// Examines a host whose outer filter refuses one call, as a container's seccomp profile does.
Step examine_without(int call, int error, std::string_view name) {
  return try_in_child([&]() -> Step {
    scmp_filter_ctx outer = ::seccomp_init(SCMP_ACT_ALLOW);
    ::seccomp_rule_add(outer, error != 0 ? SCMP_ACT_ERRNO(static_cast<unsigned>(error)) : SCMP_ACT_KILL_PROCESS, call,
                       0);
    if (::seccomp_load(outer) != 0) return Failure{"seccomp_load", ""};
    const auto findings = examine_host(worker_identity());
    const Finding& f = named(findings, name);
    if (can_serve(findings) || f.state != FindingState::fail) return Failure{"not noticed: " + f.detail, ""};
    if (f.remedy.empty()) return Failure{"no remedy for: " + f.detail, ""};
    if (error != 0 && f.detail.find("(E") == std::string::npos) return Failure{"no errno in: " + f.detail, ""};
    return {};
  });
}

TEST(Doctor, NamesWhatAContainerRefuses) {
  const struct {
    int call;
    int error;
    const char* name;
  } cases[] = {
      {SCMP_SYS(unshare), EPERM, "namespaces"},
      {SCMP_SYS(unshare), ENOSPC, "namespaces"},
      {SCMP_SYS(mount), EPERM, "empty root"},
      {SCMP_SYS(pivot_root), EINVAL, "empty root"},
      {SCMP_SYS(umount2), EPERM, "empty root"},
      {SCMP_SYS(landlock_create_ruleset), ENOSYS, "Landlock"},
      {SCMP_SYS(seccomp), EPERM, "system-call filter"},
      {SCMP_SYS(pidfd_open), ENOSYS, "process per session"},
      {SCMP_SYS(memfd_create), ENOSYS, "sealed memory"},
      {SCMP_SYS(unshare), 0, "namespaces"},
  };
  for (const auto& c : cases) {
    const auto failure = examine_without(c.call, c.error, c.name);
    EXPECT_FALSE(failure) << c.name << " " << c.call << ": " << failure->what;
  }
}

TEST(Trial, CarriesTheWholeFailure) {
  const auto f = try_in_child([]() -> Step { return failed("thing", EPERM, "do that"); });
  ASSERT_TRUE(f);
  EXPECT_EQ(f->what, "thing: Operation not permitted (EPERM)");
  EXPECT_EQ(f->remedy, "do that");
  EXPECT_FALSE(try_in_child([]() -> Step { return {}; }));
  const auto died = try_in_child([]() -> Step {
    ::raise(SIGKILL);
    return {};
  });
  ASSERT_TRUE(died);
  EXPECT_NE(died->what.find("SIGKILL"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::sandbox
