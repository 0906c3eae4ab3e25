// SPDX-License-Identifier: Apache-2.0
// setresuid, prctl, capset.
#include "sandbox/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace sallyport::sandbox {
namespace {

Step set_capabilities(std::uint64_t wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int i = 0; i < 2; ++i) {
    const auto half = static_cast<std::uint32_t>(wanted >> (32 * i));
    data[i].effective = half;
    data[i].permitted = half;
    data[i].inheritable = 0;
  }
  if (::syscall(SYS_capset, &header, data) < 0) {
    return failed("capset", errno, "allow capset in the container's seccomp profile");
  }
  return {};
}

}  // namespace

Step become(const std::optional<Identity>& identity) {
  if (::geteuid() != 0 && ::getuid() != 0) {
    if (identity && (identity->uid != ::geteuid() || identity->gid != ::getegid())) {
      return Failure{"asked to become another user without being root",
                     "start the service as root, or as the worker user"};
    }
    return {};
  }
  if (!identity || identity->uid == 0 || identity->gid == 0) {
    return Failure{"a worker may not run as root",
                   "name a worker user other than root in the configuration (the package makes one: sallyport-worker)"};
  }
  const char* remedy = "the service needs CAP_SETUID and CAP_SETGID when it is started as root";
  if (::setgroups(0, nullptr) < 0) return failed("setgroups", errno, remedy);
  if (::setresgid(identity->gid, identity->gid, identity->gid) < 0) return failed("setresgid", errno, remedy);
  if (::setresuid(identity->uid, identity->uid, identity->uid) < 0) return failed("setresuid", errno, remedy);
  if (::setuid(0) == 0 || ::getuid() == 0) return Failure{"root could be regained after setresuid", remedy};
  return {};
}

Step die_with_broker(int broker_fd) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return failed("prctl(PR_SET_PDEATHSIG)", errno, "");
  pollfd p{broker_fd, 0, 0};
  const timespec at_once{};
  const int n = ::ppoll(&p, 1, &at_once, nullptr);
  if (n < 0) return failed("ppoll", errno, "");
  if (n > 0) return Failure{"the broker is gone", ""};
  return {};
}

Step forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed("prctl(PR_SET_NO_NEW_PRIVS)", errno, "");
  return {};
}

Step hide_from_debuggers() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return failed("prctl(PR_SET_DUMPABLE)", errno, "");
  return {};
}

Step keep_only_namespace_capability() {
  // The bounding set only matters to execve, which is refused; but nothing here should rest on one wall.
  for (unsigned capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return failed("prctl(PR_CAPBSET_DROP)", errno, "");
  }
  return set_capabilities(std::uint64_t{1} << CAP_SYS_ADMIN);
}

Step drop_all_capabilities() {
  return set_capabilities(0);
}

}  // namespace sallyport::sandbox
