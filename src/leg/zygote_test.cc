// SPDX-License-Identifier: Apache-2.0
// Real zygotes and workers under the real kernel: life, death, and what the sandbox refuses.
#include "leg/zygote.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ipc/ring_memory.h"
#include "ipc/seqpacket.h"
#include "ipc/zygote.pb.h"
#include "ipc/zygote_process.h"
#include "leg/hostile_attempts.h"
#include "leg/ring.h"

namespace sallyport::leg {
namespace {

using base::Fd;
using ipc::Transfer;

constexpr int kPatienceMs = 20000;
constexpr uid_t kNobody = 65534;

bool wait_readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, kPatienceMs) == 1;
}

/// The next message as text; empty when the other side is gone.
std::string next_message(int fd) {
  base::Bytes buffer(ipc::kMaxMessageBytes);
  for (;;) {
    auto r = ipc::receive(fd, buffer);
    if (!r || r->transfer == Transfer::closed) return "";
    if (r->transfer == Transfer::done) return std::string(reinterpret_cast<char*>(buffer.data()), r->bytes);
    if (!wait_readable(fd)) return "(nothing came)";
  }
}

struct Worker {
  pid_t pid = -1;
  Fd pidfd;
  Fd socket;
  Fd peer;

  std::string ask(std::string_view order, std::span<const int> fds = {}) {
    auto sent = ipc::send_with_fds(socket.get(), base::view(order), fds);
    if (!sent || *sent != Transfer::done) return "(not sent)";
    return next_message(socket.get());
  }
  ipc::Ending end() {
    if (!wait_readable(pidfd.get())) {
      ADD_FAILURE() << "the worker lives on";
      return {};
    }
    auto ending = ipc::reap(pidfd);
    return ending && *ending ? **ending : ipc::Ending{};
  }
};

struct Zygote {
  ipc::ZygoteProcess process;
  std::uint64_t number = 0;

  ipc::ZygoteReply reply() {
    ipc::ZygoteReply out;
    EXPECT_TRUE(out.ParseFromString(next_message(process.control.get())));
    return out;
  }
  Worker spawn() {
    Worker worker;
    auto pair = std::move(ipc::make_socket_pair().value());
    int peer[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, peer), 0);
    Fd peer_for_worker(peer[1]);
    worker.peer = Fd(peer[0]);
    ipc::SpawnRequest request;
    request.set_number(++number);
    const std::string bytes = request.SerializeAsString();
    const int fds[] = {pair.worker.get(), peer_for_worker.get()};
    EXPECT_EQ(ipc::send_with_fds(process.control.get(), base::view(bytes), fds).value(), Transfer::done);
    const auto answer = reply();
    EXPECT_EQ(answer.spawned().number(), number) << answer.failed().what();
    worker.pid = answer.spawned().pid();
    auto pidfd = ipc::adopt_worker(worker.pid);
    EXPECT_TRUE(pidfd) << pidfd.message();
    if (pidfd) worker.pidfd = std::move(*pidfd);
    worker.socket = std::move(pair.broker);
    return worker;
  }
  ~Zygote() {
    if (!process.pidfd) return;
    process.control.reset();
    EXPECT_TRUE(wait_readable(process.pidfd.get())) << "the zygote lives on";
    EXPECT_TRUE(ipc::kill_now(process.pidfd));
    EXPECT_TRUE(ipc::reap(process.pidfd));
  }
};

std::unique_ptr<Zygote> start() {
  auto zygote = std::make_unique<Zygote>();
  std::optional<ipc::WorkerIdentity> identity;
  if (::geteuid() == 0) identity = {kNobody, kNobody};
  auto process = ipc::start_zygote(SALLYPORT_HOSTILE_WORKER, identity);
  EXPECT_TRUE(process) << process.message();
  if (!process) return zygote;
  zygote->process = std::move(*process);
  const auto first = zygote->reply();
  EXPECT_TRUE(first.has_ready()) << first.failed().what() << "\n" << first.failed().remedy();
  return zygote;
}

std::string status_line(pid_t pid, std::string_view name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':') {
      const auto value = line.find_first_not_of(" \t", name.size() + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
  }
  return "(absent)";
}

TEST(ZygoteLife, SpawnsWorkersThatTheBrokerWaitsForAndKills) {
  auto zygote = start();
  Worker one = zygote->spawn();
  Worker two = zygote->spawn();
  EXPECT_EQ(one.ask("ping"), "pong");
  EXPECT_EQ(two.ask("ping"), "pong");
  ASSERT_EQ(ipc::send(one.socket.get(), base::view("exit 7")).value(), Transfer::done);
  const auto ended = one.end();
  EXPECT_FALSE(ended.signalled);
  EXPECT_EQ(ended.status, 7);
  EXPECT_EQ(two.ask("ping"), "pong");
  EXPECT_FALSE(ipc::reap(two.pidfd).value().has_value());
  ASSERT_TRUE(ipc::kill_now(two.pidfd));
  const auto killed = two.end();
  EXPECT_TRUE(killed.signalled);
  EXPECT_EQ(killed.status, SIGKILL);
}

TEST(ZygoteLife, WorkersOutliveTheirZygote) {
  auto zygote = start();
  Worker worker = zygote->spawn();
  ASSERT_TRUE(ipc::kill_now(zygote->process.pidfd));
  ASSERT_TRUE(wait_readable(zygote->process.pidfd.get()));
  EXPECT_EQ(worker.ask("ping"), "pong");
  worker.socket.reset();
  EXPECT_EQ(worker.end().status, kExitBrokerGone);
}

TEST(ZygoteLife, ServesThePeer) {
  auto zygote = start();
  Worker worker = zygote->spawn();
  ASSERT_EQ(::write(worker.peer.get(), "drawer", 6), 6);
  ASSERT_TRUE(wait_readable(worker.peer.get()));
  char back[16] = {};
  EXPECT_EQ(::read(worker.peer.get(), back, sizeof(back)), 6);
  EXPECT_STREQ(back, "reward");
  worker.peer.reset();
  EXPECT_EQ(worker.end().status, 0);
}

TEST(ZygoteLife, OwnFailuresHaveAStatusOfTheirOwn) {
  auto zygote = start();
  for (const char* order : {"abort", "throw"}) {
    Worker worker = zygote->spawn();
    EXPECT_EQ(worker.ask(order), "");
    const auto ending = worker.end();
    EXPECT_FALSE(ending.signalled) << order;
    EXPECT_EQ(ending.status, kExitAborted) << order;
  }
}

TEST(ZygoteLife, RandomBytesNeverRepeatBetweenWorkers) {
  auto zygote = start();
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const std::string all = zygote->spawn().ask("random");
    ASSERT_EQ(all.size(), 96u);
    for (std::size_t part = 0; part < 3; ++part) EXPECT_TRUE(seen.insert(all.substr(part * 32, 32)).second);
  }
}

TEST(ZygoteLife, AMalformedRequestEndsTheZygoteOnly) {
  auto zygote = start();
  Worker worker = zygote->spawn();
  ASSERT_EQ(ipc::send(zygote->process.control.get(), base::view("\xff\xff\xff")).value(), Transfer::done);
  EXPECT_TRUE(wait_readable(zygote->process.pidfd.get()));
  EXPECT_EQ(worker.ask("ping"), "pong");
}

TEST(ZygoteLife, ANumberThatIsNotOursIsNotAdopted) {
  EXPECT_EQ(ipc::adopt_worker(1).error().code, base::Errc::denied);
  EXPECT_EQ(ipc::adopt_worker(::getppid()).error().code, base::Errc::denied);
  EXPECT_FALSE(ipc::adopt_worker(-1));
}

TEST(ZygoteLife, StartedByHandItExplainsItself) {
  for (const char* arguments : {"", "--help", "--uid x --gid 1", "--uid 5"}) {
    FILE* out = ::popen((std::string(SALLYPORT_HOSTILE_WORKER) + " " + arguments + " 2>&1 3<&-").c_str(), "r");
    ASSERT_NE(out, nullptr);
    char text[512] = {};
    EXPECT_GT(::fread(text, 1, sizeof(text) - 1, out), 0u);
    EXPECT_EQ(WEXITSTATUS(::pclose(out)), kExitUsage) << arguments;
    EXPECT_NE(std::string(text).find("started by the broker"), std::string::npos) << text;
  }
}

TEST(ZygoteLife, RootIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can ask for it";
  for (const auto& identity : {std::optional<ipc::WorkerIdentity>{}, std::optional<ipc::WorkerIdentity>{{0, 0}},
                               std::optional<ipc::WorkerIdentity>{{kNobody, 0}}}) {
    Zygote zygote;
    zygote.process = std::move(ipc::start_zygote(SALLYPORT_HOSTILE_WORKER, identity).value());
    const auto first = zygote.reply();
    EXPECT_NE(first.failed().what().find("may not run as root"), std::string::npos);
    EXPECT_FALSE(first.failed().remedy().empty());
  }
}

/// Reaps whoever was left to this process by a dead child.
bool all_gone(const std::vector<pid_t>& pids) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  for (const pid_t pid : pids) {
    while (::kill(pid, 0) == 0) {
      ::waitpid(pid, nullptr, WNOHANG);
      if (std::chrono::steady_clock::now() > deadline) return false;
      ::usleep(1000);
    }
  }
  return true;
}

TEST(ZygoteLife, EverythingDiesWithTheBroker) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  for (int round = 0; round < 5; ++round) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t broker = ::fork();
    if (broker == 0) {
      auto zygote = start();
      Worker one = zygote->spawn();  // sockets stay open here: only the death signal can end the worker at once
      Worker two = zygote->spawn();
      const pid_t pids[] = {zygote->process.pid, one.pid, two.pid};
      if (round % 2 == 0) one.ask("ping");  // else killed while the workers may still be entering their sandbox
      if (::write(ready[1], pids, sizeof(pids)) != sizeof(pids)) ::_exit(1);
      for (;;) ::pause();
    }
    std::vector<pid_t> pids(3);
    ASSERT_EQ(::read(ready[0], pids.data(), 3 * sizeof(pid_t)), static_cast<ssize_t>(3 * sizeof(pid_t)));
    ASSERT_EQ(::kill(broker, SIGKILL), 0);
    ASSERT_EQ(::waitpid(broker, nullptr, 0), broker);
    EXPECT_TRUE(all_gone(pids)) << "round " << round;
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

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
