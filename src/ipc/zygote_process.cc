// SPDX-License-Identifier: Apache-2.0
// posix_spawn and pidfds.
#include "ipc/zygote_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "ipc/seqpacket.h"

namespace sallyport::ipc {
namespace {

using base::Errc;

/// linux/wait.h has it, glibc 2.36's waitid takes it.
constexpr idtype_t kByPidfd = static_cast<idtype_t>(3);

/// What posix_spawn wants, released whatever happens.
struct SpawnSettings {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  /// The first error, 0 if none.
  int prepare(int control) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    const int results[] = {
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0),
        posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0),
        posix_spawn_file_actions_adddup2(&files, control, 3),  // equal numbers lose close-on-exec, as wanted
        posix_spawn_file_actions_addclosefrom_np(&files, 4),
        posix_spawnattr_setsigmask(&attributes, &none),
        posix_spawnattr_setsigdefault(&attributes, &all),
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF),
    };
    for (const int r : results) {
      if (r != 0) return r;
    }
    return 0;
  }
};

base::Result<base::Fd> open_pidfd(pid_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return base::fail_errno("pidfd_open");
  return base::Fd(fd);
}

/// Sanitizer builds take their options from the environment; nothing else is anybody's business.
std::vector<char*> environment() {
  std::vector<char*> out;
#ifdef SALLYPORT_SANITIZED
  for (char** e = environ; e != nullptr && *e != nullptr; ++e) {
    if (std::strstr(*e, "SAN_OPTIONS=") != nullptr) out.push_back(*e);
  }
#endif
  out.push_back(nullptr);
  return out;
}

}  // namespace

base::Result<ZygoteProcess> start_zygote(const std::string& program, const std::optional<WorkerIdentity>& identity,
                                         const std::string& folder) {
  auto pair = make_socket_pair();
  if (!pair) return base::pass(pair);
  std::vector<std::string> arguments{program};
  if (identity) {
    arguments.insert(arguments.end(), {"--uid", std::to_string(identity->uid), "--gid", std::to_string(identity->gid)});
  }
  if (!folder.empty()) arguments.insert(arguments.end(), {"--folder", folder});
  std::vector<char*> argv;
  for (auto& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  auto env = environment();
  SpawnSettings settings;
  if (const int error = settings.prepare(pair->worker.get()); error != 0) {
    return base::fail_errno("preparing to start " + program, error);
  }
  ZygoteProcess zygote;
  const int error =
      ::posix_spawn(&zygote.pid, program.c_str(), &settings.files, &settings.attributes, argv.data(), env.data());
  if (error != 0) return base::fail_errno("starting " + program, error);
  auto pidfd = open_pidfd(zygote.pid);
  if (!pidfd) return base::pass(pidfd);
  zygote.pidfd = std::move(*pidfd);
  zygote.control = std::move(pair->broker);
  return zygote;
}

base::Result<base::Fd> adopt_worker(pid_t pid) {
  if (pid <= 1) return base::fail(Errc::denied, "a zygote named an impossible process");
  auto fd = open_pidfd(pid);
  if (!fd) return fd;
  siginfo_t info{};
  // ECHILD for any process that is not ours.
  if (::waitid(kByPidfd, static_cast<id_t>(fd->get()), &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
    return base::fail(Errc::denied, "a zygote named a process that is not a child of the broker");
  }
  return fd;
}

base::Result<std::optional<Ending>> reap(const base::Fd& pidfd) {
  siginfo_t info{};
  if (::waitid(kByPidfd, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) < 0) {
    return base::fail_errno("waitid");
  }
  if (info.si_pid == 0) return std::optional<Ending>{};
  return std::optional<Ending>(Ending{info.si_code != CLD_EXITED, info.si_status});
}

base::Status kill_now(const base::Fd& pidfd) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) < 0 && errno != ESRCH) {
    return base::fail_errno("pidfd_send_signal");
  }
  return {};
}

}  // namespace sallyport::ipc
