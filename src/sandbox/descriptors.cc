// SPDX-License-Identifier: Apache-2.0
// dup3 and close_range.
#include "sandbox/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport::sandbox {

namespace {

Step close_range(unsigned first, unsigned last) {
  if (::syscall(SYS_close_range, first, last, 0) < 0) {
    return failed("close_range", errno,
                  "Linux 5.13 or newer is needed; allow close_range in the container's seccomp profile");
  }
  return {};
}

}  // namespace

Step close_all_above(int last_kept) {
  return close_range(static_cast<unsigned>(last_kept) + 1, ~0u);
}

Step close_all_but(std::span<const int> kept) {
  unsigned next = 0;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > next) {
      if (auto f = close_range(next, number - 1)) return f;
    }
    next = number + 1;
  }
  return close_range(next, ~0u);
}

Step silence_standard_streams() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return failed("open(/dev/null)", errno, "the host or container must have /dev/null");
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
    if (::dup2(null, fd) < 0) return failed("dup2", errno, "");
  }
  if (null > STDERR_FILENO) ::close(null);
  return {};
}

Step silence_standard_error() {
#ifndef SALLYPORT_SANITIZED
  // Standard input is /dev/null, opened before the file system went away.
  if (::dup2(STDIN_FILENO, STDERR_FILENO) < 0) return failed("dup2", errno, "");
#endif
  return {};
}

}  // namespace sallyport::sandbox
