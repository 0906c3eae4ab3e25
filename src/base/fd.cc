// SPDX-License-Identifier: Apache-2.0
// File descriptors and whole files.
#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport::base {

Fd& Fd::operator=(Fd&& o) noexcept {
  if (this != &o) {
    reset();
    fd_ = std::exchange(o.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return fail_errno("fcntl(O_NONBLOCK)");
  return {};
}

Status set_cloexec(int fd, bool on) {
  if (::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0) return fail_errno("fcntl(FD_CLOEXEC)");
  return {};
}

Status write_all(int fd, ByteView data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write");
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<Bytes> read_file(const std::string& path, std::size_t max_bytes) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(path);
  Bytes out;
  for (;;) {
    const std::size_t have = out.size();
    out.resize(have + 65536);
    const ssize_t n = ::read(fd.get(), out.data() + have, 65536);
    if (n < 0 && errno == EINTR) {
      out.resize(have);
      continue;
    }
    if (n < 0) return fail_errno(path);
    out.resize(have + static_cast<std::size_t>(n));
    if (out.size() > max_bytes) return fail(Errc::full, path + ": longer than " + std::to_string(max_bytes) + " bytes");
    if (n == 0) return out;
  }
}

Status replace_file(const std::string& path, ByteView data, unsigned mode) {
  const std::string temporary = path + ".tmp";
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return fail_errno(temporary);
  if (auto written = write_all(fd.get(), data); !written) return written;
  if (::fsync(fd.get()) < 0) return fail_errno("fsync " + temporary);
  if (::rename(temporary.c_str(), path.c_str()) < 0) return fail_errno("rename to " + path);
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  Fd dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir || ::fsync(dir.get()) < 0) return fail_errno("fsync " + directory);
  return {};
}

}  // namespace sallyport::base
