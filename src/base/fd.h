// SPDX-License-Identifier: Apache-2.0
// Ownership of a file descriptor.
#pragma once

#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::base {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Fd& operator=(Fd&& o) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

Status set_nonblocking(int fd);
Status set_cloexec(int fd, bool on);
/// Loops over short writes and EINTR; the descriptor must be blocking.
Status write_all(int fd, ByteView data);
/// Reads a whole file of at most max_bytes; a longer one is an error.
Result<Bytes> read_file(const std::string& path, std::size_t max_bytes);
/// Writes to PATH.tmp (mode bits given), syncs, renames over PATH, syncs the directory.
Status replace_file(const std::string& path, ByteView data, unsigned mode);

}  // namespace sallyport::base
