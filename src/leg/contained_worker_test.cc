// SPDX-License-Identifier: Apache-2.0
// What the sandbox of a real worker refuses, and what it looks like from outside.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

#include "ipc/ring_memory.h"
#include "leg/hostile_attempts.h"
#include "leg/ring.h"
#include "leg/zygote.h"
#include "leg/zygote_fixture_test.h"

namespace sallyport::leg {
namespace {

TEST(Sandbox, RefusesWhatAnAttackerTries) {
  auto zygote = start();
  for (const auto& attempt : hostile_attempts()) {
    Worker worker = zygote->spawn();
    const std::string answer = worker.ask("try " + std::string(attempt.name));
#ifdef SALLYPORT_SANITIZED
    // A sanitizer's runtime needs some of these calls, or an answer to them.
    if (!answer.empty()) {
      const std::string_view name = attempt.name;
      EXPECT_TRUE(answer == "returned -1 errno 1" || name == "prlimit" || name.starts_with("madvise") ||
                  name.starts_with("futex"))
          << name << ": " << answer;
      continue;
    }
#endif
    EXPECT_EQ(answer, "") << attempt.name;
    const auto ending = worker.end();
    EXPECT_TRUE(ending.signalled) << attempt.name;
    EXPECT_EQ(ending.status, SIGSYS) << attempt.name;
  }
}

TEST(Sandbox, LeavesTheAllocatorWhole) {
  auto zygote = start();
  Worker worker = zygote->spawn();
  EXPECT_EQ(worker.ask("allocate"), "allocated");
  EXPECT_EQ(worker.ask("ping"), "pong");
}

#ifndef SALLYPORT_SANITIZED
TEST(Sandbox, BoundsMemory) {
  auto zygote = start();
  Worker worker = zygote->spawn();
  const std::string answer = worker.ask("exhaust");
  ASSERT_TRUE(answer.starts_with("got ")) << answer;
  EXPECT_LT(std::stoi(answer.substr(4)), 1100);
}
#endif

TEST(Sandbox, LooksContainedFromOutside) {
  if (::geteuid() != 0) GTEST_SKIP() << "a process that hides from debuggers is only root's to look at";
  auto zygote = start();
  Worker worker = zygote->spawn();
  ASSERT_EQ(worker.ask("ping"), "pong");
  EXPECT_EQ(status_line(worker.pid, "Uid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(status_line(worker.pid, "Gid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(status_line(worker.pid, "Groups"), "");
  EXPECT_EQ(status_line(worker.pid, "NoNewPrivs"), "1");
  EXPECT_EQ(status_line(worker.pid, "Seccomp"), "2");
  EXPECT_EQ(status_line(worker.pid, "Seccomp_filters"), "2");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(status_line(worker.pid, set), "0000000000000000") << set;
  }
  EXPECT_TRUE(status_line(worker.pid, "NSpid").ends_with("\t1"));
  EXPECT_EQ(status_line(zygote->process.pid, "CapEff"), "0000000000200000");
  EXPECT_EQ(status_line(zygote->process.pid, "CapBnd"), "0000000000000000");
}

TEST(Sandbox, HasNothingOpenButItsTwoSockets) {
  if (::geteuid() != 0) GTEST_SKIP() << "a process that hides from debuggers is only root's to look at";
  auto zygote = start();
  Worker other = zygote->spawn();
  Worker worker = zygote->spawn();
  ASSERT_EQ(worker.ask("ping"), "pong");
  const std::string directory = "/proc/" + std::to_string(worker.pid) + "/fd/";
  std::set<std::string> open;
  DIR* dir = ::opendir(directory.c_str());
  ASSERT_NE(dir, nullptr);
  while (const dirent* entry = ::readdir(dir)) {
    char target[256] = {};
    if (::readlink((directory + entry->d_name).c_str(), target, sizeof(target) - 1) < 0) continue;
    const std::string what = std::string_view(target).starts_with("socket:") ? "socket" : target;
    open.insert(std::string(entry->d_name) + " " + what);
  }
  ::closedir(dir);
#ifdef SALLYPORT_SANITIZED
  std::erase_if(open, [](const std::string& s) { return s.starts_with("2 "); });
  open.insert("2 /dev/null");
#endif
  EXPECT_EQ(open, (std::set<std::string>{"0 /dev/null", "1 /dev/null", "2 /dev/null", "3 socket", "4 socket"}));
  // And nothing to open: an empty, read-only root; namespaces of its own.
  const std::string root = "/proc/" + std::to_string(worker.pid) + "/root/";
  dir = ::opendir(root.c_str());
  ASSERT_NE(dir, nullptr);
  int entries = 0;
  while (const dirent* entry = ::readdir(dir)) entries += entry->d_name[0] != '.' ? 1 : 0;
  ::closedir(dir);
  EXPECT_EQ(entries, 0);
  EXPECT_EQ(::open((root + "x").c_str(), O_CREAT | O_WRONLY, 0600), -1);
  EXPECT_EQ(errno, EROFS);
  for (const char* ns : {"user", "mnt", "ipc", "net", "uts", "pid"}) {
    char own[64] = {};
    char theirs[64] = {};
    ASSERT_GT(::readlink((std::string("/proc/self/ns/") + ns).c_str(), own, sizeof(own) - 1), 0);
    ASSERT_GT(::readlink(("/proc/" + std::to_string(worker.pid) + "/ns/" + ns).c_str(), theirs, sizeof(theirs) - 1), 0);
    EXPECT_STRNE(own, theirs) << ns;
  }
}

TEST(Sandbox, TakesARingFromTheBroker) {
  auto zygote = start();
  Worker worker = zygote->spawn();
  auto memory = ipc::RingMemory::create(1 << 16);
  ASSERT_TRUE(memory);
  EXPECT_EQ(worker.ask("ring", memory->fds_for_front()), "attached");
  std::array<Fd, 3> mine;
  const auto raw = memory->fds_for_back();
  for (std::size_t i = 0; i < mine.size(); ++i) mine[i] = Fd(::dup(raw[i]));
  auto ring = Ring::attach(RingSide::back, mine);
  ASSERT_TRUE(ring) << ring.message();
  auto record = (*ring)->reader().next();
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->channel, 9u);
  EXPECT_EQ((*record)->remaining, 6u);
  // A plain file in place of the sealed memory would let the peer shrink it.
  Fd unsealed(::memfd_create("unsealed", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(unsealed.get(), static_cast<off_t>(ipc::ring_memory_bytes(1 << 16))), 0);
  const int swapped[] = {unsealed.get(), raw[1], raw[2]};
  EXPECT_EQ(worker.ask("ring", swapped), "the ring's memory is not sealed");
}

// A front holds one descriptor for each jump through it; more than the program asked for ends the worker.
TEST(Sandbox, BoundsDescriptorsAsTheProgramAsked) {
  constexpr std::size_t kAsked = 64;
  auto zygote = start();
  Worker worker = zygote->spawn();
  const int fd = worker.peer.get();
  std::size_t kept = 0;
  while (worker.ask("keep", {&fd, 1}) == "kept " + std::to_string(kept + 1)) ++kept;
  EXPECT_GE(kept, kAsked + 3) << "jumps, and a ring";
  EXPECT_LE(kept, kAsked + 16);
  EXPECT_EQ(worker.end().status, kExitProtocol);
}

// The service as an ordinary user, without any privilege of its own.
TEST(Sandbox, WorksForAnUnprivilegedBroker) {
  if (::geteuid() != 0) GTEST_SKIP() << "every other test here shows it";
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(kNobody) < 0 || ::setuid(kNobody) < 0) ::_exit(3);
    if (::access(SALLYPORT_HOSTILE_WORKER, X_OK) < 0) ::_exit(2);
    auto zygote = start();
    Worker worker = zygote->spawn();
    const bool lives = worker.ask("ping") == "pong";
    const bool refused = worker.ask("try socket inet").empty() && worker.end().signalled;
    ::_exit(lives && refused && !::testing::Test::HasFailure() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "the test build is in a directory that others may not enter";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace sallyport::leg
