// SPDX-License-Identifier: Apache-2.0
// mount, pivot_root, umount2.
#include "sandbox/root.h"

#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport::sandbox {
namespace {

constexpr unsigned long kEmptyFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr const char* kRemedy =
    "mount, umount2 and pivot_root must be permitted inside a user namespace: check the container's seccomp profile, "
    "the "
    "unit's SystemCallFilter and AppArmor or SELinux denials in the kernel log";

}  // namespace

Step enter_empty_root() {
  // Nothing mounted here may spread to the host.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
    return failed("mount(/, MS_PRIVATE)", errno, kRemedy);
  // Any directory will do as the place to stand on for a moment; these exist everywhere.
  const char* place = nullptr;
  for (const char* candidate : {"/tmp", "/usr", "/proc"}) {
    if (::mount("sallyport", candidate, "tmpfs", kEmptyFlags, "size=4k,nr_inodes=2,mode=0555") == 0) {
      place = candidate;
      break;
    }
  }
  if (place == nullptr) return failed("mount(tmpfs)", errno, kRemedy);
  if (::chdir(place) < 0) return failed("chdir(tmpfs)", errno, kRemedy);
  // Old root onto new root: no directory for it is needed, and "." is then the old one, lying on top.
  if (::syscall(SYS_pivot_root, ".", ".") < 0) {
    return failed("pivot_root", errno, std::string(kRemedy) + "; a root on initramfs cannot be pivoted");
  }
  if (::umount2(".", MNT_DETACH) < 0) return failed("umount2(old root)", errno, kRemedy);
  if (::chdir("/") < 0) return failed("chdir(/)", errno, kRemedy);
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kEmptyFlags, nullptr) < 0) {
    return failed("mount(/, MS_RDONLY)", errno, kRemedy);
  }
  return {};
}

}  // namespace sallyport::sandbox
