// SPDX-License-Identifier: Apache-2.0
// unshare and clone.
#include "sandbox/namespaces.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport::sandbox {
namespace {

const char* remedy_for(int error) {
  switch (error) {
    case ENOSPC:
      return "raise the limit: sysctl user.max_user_namespaces (and max_mnt_, max_net_, max_ipc_, max_uts_)";
    case EPERM:
    case EACCES:
      return "allow unprivileged user namespaces: in a container its seccomp profile must permit unshare and clone; "
             "under "
             "AppArmor the program's profile needs 'userns,' (or sysctl "
             "kernel.apparmor_restrict_unprivileged_userns=0); on "
             "older Debian kernels sysctl kernel.unprivileged_userns_clone=1; in a chroot user namespaces are "
             "impossible";
    case EUSERS:
      return "user namespaces are nested too deeply: run the service outside the innermost container";
    default:
      return "the kernel needs user, mount, network, IPC and UTS namespaces (CONFIG_USER_NS and the others)";
  }
}

}  // namespace

Step enter_namespaces() {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS) < 0) {
    const int error = errno;
    return failed("unshare(CLONE_NEWUSER|NEWNS|NEWIPC|NEWNET|NEWUTS)", error, remedy_for(error));
  }
  return {};
}

pid_t fork_into_process_namespace() {
  // clone and not clone3: the zygote's filter can look at its flags. With CLONE_PARENT the exit signal is the zygote's
  // own.
  return static_cast<pid_t>(::syscall(SYS_clone, CLONE_NEWPID | CLONE_PARENT, nullptr, nullptr, nullptr, nullptr));
}

}  // namespace sallyport::sandbox
