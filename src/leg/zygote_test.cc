// SPDX-License-Identifier: Apache-2.0
// Real zygotes and workers under the real kernel: life and death.
#include "leg/zygote.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "leg/zygote_fixture_test.h"

namespace sallyport::leg {
namespace {

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

}  // namespace
}  // namespace sallyport::leg
