// SPDX-License-Identifier: Apache-2.0
// Sandbox, warm-up, then one fork a request.
#include "leg/zygote.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/fd.h"
#include "ipc/seqpacket.h"
#include "ipc/zygote.pb.h"
#include "leg/randomness.h"
#include "sandbox/contain.h"
#include "sandbox/descriptors.h"
#include "sandbox/namespaces.h"

namespace sallyport::leg {
namespace {

void print(int fd, std::string_view text) {
  // Nobody to tell when that fails.
  [[maybe_unused]] const bool written = base::write_all(fd, base::view(text)).has_value();
}

int explain(std::string_view program, int fd) {
  print(fd, std::string(program) +
                ": a contained part of Sallyport. It works on one session, or one leg of it, at a time.\n"
                "It is started by the broker (sallyport serve), which holds its control socket; it does nothing by "
                "itself.\n");
  return kExitUsage;
}

struct Arguments {
  bool ok = true;
  std::optional<sandbox::Identity> identity;
  std::string folder;
};

bool parse_number(std::string_view text, unsigned& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

Arguments parse(int argc, char** argv) {
  std::optional<unsigned> uid;
  std::optional<unsigned> gid;
  std::string folder;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    unsigned value = 0;
    if (i + 1 >= argc) return {false, {}, {}};
    if (name == "--folder") {
      folder = argv[i + 1];
      continue;
    }
    if (!parse_number(argv[i + 1], value)) return {false, {}, {}};
    if (name == "--uid") {
      uid = value;
    } else if (name == "--gid") {
      gid = value;
    } else {
      return {false, {}, {}};
    }
  }
  if (uid.has_value() != gid.has_value()) return {false, {}, {}};
  if (!uid) return {true, {}, folder};
  return {true, sandbox::Identity{*uid, *gid}, folder};
}

bool is_control_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

void wait_for(int fd, short events) {
  pollfd p{fd, events, 0};
  if (::ppoll(&p, 1, nullptr, nullptr) < 0 && errno != EINTR) std::abort();
}

/// False when the broker is gone.
bool reply(const ipc::ZygoteReply& message) {
  const std::string bytes = message.SerializeAsString();
  for (;;) {
    auto sent = ipc::send(sandbox::kBrokerFd, base::view(bytes));
    if (!sent || *sent == ipc::Transfer::closed) return false;
    if (*sent == ipc::Transfer::done) return true;
    wait_for(sandbox::kBrokerFd, POLLOUT);
  }
}

void report(const sandbox::Failure& failure, std::string_view program) {
  print(STDERR_FILENO, std::string(program) + ": sandbox: " + failure.what +
                           (failure.remedy.empty() ? "" : "\n  remedy: " + failure.remedy) + "\n");
}

/// abort() raises a signal whose default action process 1 of a namespace never sees: it would end as a segmentation
/// fault.
void exit_aborted(int) {
  ::_exit(kExitAborted);
}

bool has_peer(const sandbox::Contained& zygote) {
  return zygote.needs.peer == sandbox::WorkerNeeds::Peer::socket;
}

[[noreturn]] void live_as_worker(const sandbox::Contained& zygote, base::Fd broker, base::Fd peer,
                                 WorkerMain worker_main, std::string_view program) {
  // The broker's socket takes the place of the zygote's control socket, which no worker may hold.
  const int last = has_peer(zygote) ? sandbox::kPeerFd : sandbox::kBrokerFd;
  if (::dup2(broker.get(), sandbox::kBrokerFd) < 0) ::_exit(kExitSandbox);
  if (peer && ::dup2(peer.get(), sandbox::kPeerFd) < 0) ::_exit(kExitSandbox);
  for (base::Fd* fd : {&broker, &peer}) {
    if (fd->get() <= last) fd->release();  // taken over by what was duplicated onto it
    fd->reset();
  }
  ::signal(SIGABRT, exit_aborted);
  if (auto failure = sandbox::contain_worker(zygote)) {
    report(*failure, program);
    ::_exit(kExitSandbox);
  }
  reseed_randomness();
  ::_exit(worker_main({sandbox::kBrokerFd, has_peer(zygote) ? sandbox::kPeerFd : -1}));
}

/// What a fork cost is known to the zygote only as a number; the worker's life is the broker's.
bool serve(const sandbox::Contained& zygote, WorkerMain worker_main, std::string_view program) {
  std::array<std::uint8_t, 256> buffer;
  std::array<base::Fd, 2> fds;
  auto received = ipc::receive(sandbox::kBrokerFd, buffer, fds);
  if (!received || received->transfer == ipc::Transfer::closed) return false;
  if (received->transfer == ipc::Transfer::would_block) {
    wait_for(sandbox::kBrokerFd, POLLIN);
    return true;
  }
  ipc::SpawnRequest request;
  if (!request.ParseFromArray(buffer.data(), static_cast<int>(received->bytes))) return false;
  if (received->fds != (has_peer(zygote) ? 2U : 1U)) return false;
  ipc::ZygoteReply answer;
  const pid_t pid = sandbox::fork_into_process_namespace();
  if (pid == 0) live_as_worker(zygote, std::move(fds[0]), std::move(fds[1]), worker_main, program);
  if (pid < 0) {
    const auto failure =
        sandbox::failed("clone(CLONE_NEWPID|CLONE_PARENT)", errno,
                        "raise sysctl user.max_pid_namespaces, the unit's TasksMax or pids cgroup limit");
    answer.mutable_failed()->set_number(request.number());
    answer.mutable_failed()->set_what(failure.what);
    answer.mutable_failed()->set_remedy(failure.remedy);
  } else {
    answer.mutable_spawned()->set_number(request.number());
    answer.mutable_spawned()->set_pid(pid);
  }
  return reply(answer);
}

}  // namespace

int run_zygote(int argc, char** argv, WarmUp warm_up, WorkerMain worker_main, sandbox::WorkerNeeds needs,
               ReadFolder read_folder) {
  const std::string_view program = argc > 0 ? argv[0] : "sallyport worker";
  if (argc == 2 && std::string_view(argv[1]) == "--help") return explain(program, STDOUT_FILENO);
  const Arguments arguments = parse(argc, argv);
  if (!arguments.ok || !is_control_socket(sandbox::kBrokerFd)) return explain(program, STDERR_FILENO);
  sandbox::Contained contained;
  ipc::ZygoteReply first;
  if (read_folder != nullptr) {
    if (auto read = read_folder(arguments.folder); !read) {
      first.mutable_failed()->set_what(read.message());
      first.mutable_failed()->set_remedy("give the folder back, or name another one in the configuration");
      reply(first);
      return kExitSandbox;
    }
  }
  if (auto failure = sandbox::contain_zygote(arguments.identity, needs, contained)) {
    report(*failure, program);
    first.mutable_failed()->set_what(failure->what);
    first.mutable_failed()->set_remedy(failure->remedy);
    reply(first);
    return kExitSandbox;
  }
  // Large buffers are mapped by themselves, so that workers give them back when they free them.
  ::mallopt(M_MMAP_THRESHOLD, 64 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 64 * 1024);
  warm_up_randomness();
  if (warm_up != nullptr) warm_up();
  first.mutable_ready()->set_landlock_abi(static_cast<std::uint32_t>(contained.landlock_abi));
  if (!reply(first)) return kExitBrokerGone;
  while (serve(contained, worker_main, program)) {
  }
  ::_exit(0);  // destructors of a warm library have nothing to do but ask for system calls
}

}  // namespace sallyport::leg
