// SPDX-License-Identifier: Apache-2.0
// One zygote, one worker, no session.
#include "cli/worker_trial.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/bytes.h"
#include "ipc/seqpacket.h"
#include "ipc/worker_exit.h"
#include "ipc/zygote.pb.h"
#include "ipc/zygote_process.h"
#include "sandbox/step.h"

namespace sallyport::cli {
namespace {

using base::Errc;
using base::Fd;

constexpr int kPatienceMs = 10'000;

bool readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  int ready = 0;
  while ((ready = ::poll(&wait, 1, kPatienceMs)) < 0 && errno == EINTR) {
  }
  return ready == 1;
}

/// Ends with its scope, whatever became of the trial.
struct Child {
  Fd pidfd;
  ~Child() {
    if (!pidfd) return;
    (void)ipc::kill_now(pidfd);
    if (readable(pidfd.get())) (void)ipc::reap(pidfd);
  }
};

base::Result<ipc::ZygoteReply> next_reply(const Fd& control) {
  std::array<std::uint8_t, 4096> buffer{};
  if (!readable(control.get())) return base::fail(Errc::timeout, "no answer within ten seconds");
  auto got = ipc::receive(control.get(), buffer);
  if (!got) return base::pass(got);
  ipc::ZygoteReply reply;
  if (got->transfer != ipc::Transfer::done || !reply.ParseFromArray(buffer.data(), static_cast<int>(got->bytes))) {
    return base::fail(Errc::closed, "the process ended at once");
  }
  return reply;
}

sandbox::Step failure_of(const ipc::ZygoteReply& reply) {
  return sandbox::Failure{reply.failed().what(), reply.failed().remedy()};
}

sandbox::Step failure_of(const std::string& doing, const std::string& why) {
  return sandbox::Failure{doing + ": " + why, "see the messages above"};
}

/// The worker was told nonsense, which it reads once it is contained, and ends over it.
sandbox::Step ended_as_it_should(const Fd& pidfd) {
  if (!readable(pidfd.get())) return failure_of("the worker's end", "the worker did not end");
  auto ending = ipc::reap(pidfd);
  if (!ending || !*ending) return failure_of("the worker's end", "the broker cannot wait for the worker");
  if ((*ending)->signalled) {
    const char* signal = ::sigabbrev_np((*ending)->status);
    return failure_of("the worker's end", std::string("SIG") + (signal != nullptr ? signal : "?") +
                                              " (SYS: its filter refuses a call that this system's libraries make)");
  }
  if ((*ending)->status == ipc::kExitSandbox) return failure_of("the worker", "a step of its sandbox failed");
  if ((*ending)->status == ipc::kExitAborted) return failure_of("the worker", "the worker aborted");
  return {};
}

sandbox::Step start_and_spawn(const std::string& program, const std::optional<sandbox::Identity>& identity,
                              WorkerPeer peer_kind) {
  std::optional<ipc::WorkerIdentity> who;
  if (identity) who = ipc::WorkerIdentity{identity->uid, identity->gid};
  auto process = ipc::start_zygote(program, who);
  if (!process) return failure_of("start", process.message());
  const Child zygote{std::move(process->pidfd)};
  auto ready = next_reply(process->control);
  if (!ready) return failure_of("start", ready.message());
  if (!ready->has_ready()) return failure_of(*ready);

  auto broker = ipc::make_socket_pair();
  if (!broker) return failure_of("socketpair", broker.message());
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    return sandbox::failed("socketpair", errno, "");
  }
  const Fd peer(ends[0]);
  const Fd peer_of_worker(ends[1]);
  ipc::SpawnRequest request;
  request.set_number(1);
  const std::string bytes = request.SerializeAsString();
  const std::array<int, 2> fds{broker->worker.get(), peer_of_worker.get()};
  auto sent = ipc::send_with_fds(process->control.get(), base::view(bytes),
                                 std::span(fds).first(peer_kind == WorkerPeer::socket ? 2 : 1));
  if (!sent || *sent != ipc::Transfer::done) return failure_of("asking for a worker", "the zygote does not answer");
  broker->worker.reset();
  const std::array<std::uint8_t, 1> nonsense{0xff};
  if (auto told = ipc::send(broker->broker.get(), nonsense); !told) return failure_of("socketpair", told.message());
  auto spawned = next_reply(process->control);
  if (!spawned) return failure_of("asking for a worker", spawned.message());
  if (!spawned->has_spawned()) return failure_of(*spawned);
  auto adopted = ipc::adopt_worker(spawned->spawned().pid());
  if (!adopted) return failure_of("pidfd_open", adopted.message());
  const Child worker{std::move(*adopted)};
  return ended_as_it_should(worker.pidfd);
}

}  // namespace

sandbox::Finding try_worker(const std::string& name, const std::string& program,
                            const std::optional<sandbox::Identity>& identity, WorkerPeer peer) {
  using sandbox::FindingState;
  sandbox::Finding out{name, FindingState::ok, program + ": every step, then one worker",
                       "steps that work alone can fail together; without a worker there is no session", ""};
  if (auto failure = start_and_spawn(program, identity, peer)) {
    out.state = FindingState::fail;
    out.detail = failure->what;
    out.remedy = failure->remedy.empty() ? "see the lines above" : failure->remedy;
  }
  return out;
}

}  // namespace sallyport::cli
