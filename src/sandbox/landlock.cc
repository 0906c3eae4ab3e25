// SPDX-License-Identifier: Apache-2.0
// The three system calls; glibc and older kernel headers know neither them nor the newer rights.
#include "sandbox/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace sallyport::sandbox {
namespace {

struct RulesetAttributes {  // struct landlock_ruleset_attr as of ABI 6; older kernels accept it while the rest is zero
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};

constexpr std::uint64_t kVersionFlag = 1;  // LANDLOCK_CREATE_RULESET_VERSION

RulesetAttributes everything(int abi) {
  int fs_rights = 13;                                                            // execute … make_sym
  if (abi >= 2) ++fs_rights;                                                     // refer
  if (abi >= 3) ++fs_rights;                                                     // truncate
  if (abi >= 5) ++fs_rights;                                                     // ioctl_dev
  return {(std::uint64_t{1} << fs_rights) - 1, abi >= 4 ? std::uint64_t{3} : 0,  // bind_tcp, connect_tcp
          abi >= 6 ? std::uint64_t{3} : 0};                                      // abstract_unix_socket, signal
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  return abi < 1 ? 0 : static_cast<int>(abi);
}

Step forbid_file_access() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  if (abi < 1) {
    return failed(
        "landlock_create_ruleset", errno,
        "Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK, and 'landlock' in the kernel's lsm= list; in a container "
        "its seccomp profile must permit landlock_create_ruleset and landlock_restrict_self");
  }
  const RulesetAttributes attributes = everything(static_cast<int>(abi));
  const int fd = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0));
  if (fd < 0) return failed("landlock_create_ruleset", errno, "");
  const long restricted = ::syscall(SYS_landlock_restrict_self, fd, 0);
  const int error = errno;
  ::close(fd);
  if (restricted < 0) return failed("landlock_restrict_self", error, "");
  return {};
}

}  // namespace sallyport::sandbox
