// SPDX-License-Identifier: Apache-2.0
// One trial a step, in the order of contain(), so that the first failure is the one to mend.
#include "sandbox/doctor.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>

#include "base/fd.h"
#include "sandbox/contain.h"
#include "sandbox/landlock.h"
#include "sandbox/namespaces.h"
#include "sandbox/privileges.h"
#include "sandbox/root.h"
#include "sandbox/seccomp_worker.h"
#include "sandbox/seccomp_zygote.h"
#include "sandbox/trial.h"

namespace sallyport::sandbox {
namespace {

using Who = std::optional<Identity>;

/// waitid's P_PIDFD, which glibc 2.36 passes on.
constexpr idtype_t kByPidfd = static_cast<idtype_t>(3);
/// Sessions need about six descriptors each in the broker.
constexpr rlim_t kComfortableDescriptors = 8192;

Finding finding(std::string name, std::string why, std::string detail, const Step& failure) {
  if (!failure) return {std::move(name), FindingState::ok, std::move(detail), std::move(why), ""};
  return {std::move(name), FindingState::fail, failure->what, std::move(why), failure->remedy};
}

Step unprivileged_in_namespaces(const Who& who) {
  if (auto f = become(who)) return f;
  return enter_namespaces();
}

Finding check_kernel() {
  utsname name{};
  ::uname(&name);
  return {"kernel", FindingState::ok, std::string(name.sysname) + " " + name.release + " " + name.machine,
          "what the other lines were tried on", ""};
}

Finding check_user(const Who& who) {
  const auto name = who ? "user " + std::to_string(who->uid) + ", group " + std::to_string(who->gid)
                        : "user " + std::to_string(::geteuid()) + " (the service's own)";
  return finding("worker user", "workers never run as root", name, try_in_child([&] { return become(who); }));
}

Finding check_namespaces(const Who& who) {
  return finding("namespaces", "a worker sees no network, no process and no mount but its own",
                 "user, mount, IPC, network and UTS namespaces",
                 try_in_child([&] { return unprivileged_in_namespaces(who); }));
}

Finding check_root(const Who& who) {
  return finding("empty root", "a worker has no file to open", "tmpfs, pivot_root, read-only",
                 try_in_child([&]() -> Step {
                   if (auto f = unprivileged_in_namespaces(who)) return f;
                   return enter_empty_root();
                 }));
}

Finding check_landlock(const Who& who) {
  return finding("Landlock", "a second wall before files, TCP and signals", "ABI " + std::to_string(landlock_abi()),
                 try_in_child([&]() -> Step {
                   if (auto f = become(who)) return f;
                   if (auto f = forbid_new_privileges()) return f;
                   return forbid_file_access();
                 }));
}

Finding check_filters(const Who& who) {
  return finding("system-call filter", "a worker may read, write, wait and end; anything else ends it",
                 "seccomp, killing the process", try_in_child([&]() -> Step {
                   Filter zygote;
                   Filter worker;
                   if (auto f = zygote_filter({}, zygote)) return f;
                   if (auto f = worker_filter({}, worker)) return f;
                   if (auto f = become(who)) return f;
                   if (auto f = forbid_new_privileges()) return f;
                   if (auto f = zygote.install()) return f;
                   return worker.install();
                 }));
}

/// As the broker does it: this process is the parent of what its child forked, and waits for it by a pidfd.
Step fork_as_zygotes_do(const Who& who) {
  const pid_t zygote = fork_for_trial();
  if (zygote < 0) return failed("fork", errno, "");
  if (zygote == 0) {
    if (unprivileged_in_namespaces(who)) ::_exit(1);
    const pid_t worker = fork_into_process_namespace();
    if (worker < 0) ::_exit(errno);
    ::_exit(worker == 0 ? (::getpid() == 1 ? 42 : 1) : 0);
  }
  int status = 0;
  if (::waitpid(zygote, &status, 0) < 0) return failed("waitpid", errno, "");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return failed(
        "clone(CLONE_NEWPID|CLONE_PARENT)", WEXITSTATUS(status),
        "raise sysctl user.max_pid_namespaces; a container's seccomp profile must permit clone with CLONE_NEWPID");
  }
  siginfo_t info{};
  if (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) < 0) return failed("waitid", errno, "");
  const base::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, info.si_pid, 0)));
  if (!pidfd)
    return failed("pidfd_open", errno, "Linux 5.3 or newer; a container's seccomp profile must permit pidfd_open");
  if (::waitid(kByPidfd, static_cast<id_t>(pidfd.get()), &info, WEXITED) < 0) {
    return failed("waitid(P_PIDFD)", errno, "Linux 5.4 or newer is needed");
  }
  if (info.si_code != CLD_EXITED || info.si_status != 42)
    return Failure{"a worker was not process 1 of its namespace", ""};
  return {};
}

Finding check_fork(const Who& who) {
  return finding("process per session", "each session's processes are the broker's to watch and kill, and see no other",
                 "clone(CLONE_NEWPID|CLONE_PARENT), pidfd_open, waitid",
                 try_in_child([&] { return fork_as_zygotes_do(who); }));
}

Finding check_shared_memory() {
  return finding("sealed memory", "bulk data goes between a session's two processes without passing through the broker",
                 "memfd_create, F_ADD_SEALS, eventfd", try_in_child([]() -> Step {
                   const char* remedy = "a container's seccomp profile must permit memfd_create, fcntl and eventfd2";
                   const base::Fd memory(::memfd_create("sallyport-trial", MFD_CLOEXEC | MFD_ALLOW_SEALING));
                   if (!memory) return failed("memfd_create", errno, remedy);
                   if (::ftruncate(memory.get(), 4096) < 0) return failed("ftruncate", errno, remedy);
                   if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
                     return failed("fcntl(F_ADD_SEALS)", errno, remedy);
                   }
                   const base::Fd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
                   if (!bell) return failed("eventfd", errno, remedy);
                   return {};
                 }));
}

Finding check_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  Finding f{"open files", FindingState::ok, "limit " + std::to_string(limit.rlim_max),
            "a session needs about six descriptors in the broker", ""};
  if (limit.rlim_max < kComfortableDescriptors) {
    f.state = FindingState::warn;
    f.remedy = "raise the hard limit (LimitNOFILE= in the unit, ulimit -Hn) to 65536";
  }
  return f;
}

}  // namespace

const char* to_string(FindingState state) {
  switch (state) {
    case FindingState::ok:
      return "ok";
    case FindingState::warn:
      return "warn";
    case FindingState::fail:
      return "fail";
  }
  return "fail";
}

std::vector<Finding> examine_host(const std::optional<Identity>& identity) {
  std::vector<Finding> findings;
  findings.push_back(check_kernel());
  findings.push_back(check_user(identity));
  findings.push_back(check_namespaces(identity));
  findings.push_back(check_root(identity));
  findings.push_back(check_landlock(identity));
  findings.push_back(check_filters(identity));
  findings.push_back(check_fork(identity));
  findings.push_back(check_shared_memory());
  findings.push_back(check_descriptors());
  return findings;
}

bool can_serve(const std::vector<Finding>& findings) {
  for (const auto& f : findings) {
    if (f.state == FindingState::fail) return false;
  }
  return true;
}

}  // namespace sallyport::sandbox
