// SPDX-License-Identifier: Apache-2.0
// unshare and clone.
#include "sandbox/namespaces.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
extern "C" void __sanitizer_sandbox_on_notify(void*);
#define SALLYPORT_THREAD_SANITIZER 1
#endif
#endif

namespace sallyport::sandbox {
namespace {

constexpr int kNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS;

int unshare_all() {
  const int result = ::unshare(kNamespaces);
#ifdef SALLYPORT_THREAD_SANITIZER
  // The kernel lets only processes with one thread change their user namespace, and the thread sanitizer has one of its
  // own. Joined, it is still counted for a moment.
  if (result < 0 && errno == EINVAL) {
    __sanitizer_sandbox_on_notify(nullptr);
    for (int tries = 0; tries < 1000; ++tries) {
      if (::unshare(kNamespaces) == 0) return 0;
      ::usleep(1000);
    }
  }
#endif
  return result;
}

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
  if (unshare_all() < 0) {
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
