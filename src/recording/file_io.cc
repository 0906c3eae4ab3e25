// SPDX-License-Identifier: Apache-2.0
// Positioned reads and writes that finish, and making a directory's changes durable.
#include "recording/file_io.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

namespace sallyport::recording {

base::Status write_at(int fd, base::ByteView data, std::uint64_t offset) {
  while (!data.empty()) {
    const ssize_t n = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("writing the recording");
    data = data.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

base::Result<std::size_t> read_into(int fd, std::uint64_t offset, std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("reading the recording");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

base::Result<base::Bytes> read_at(int fd, std::uint64_t offset, std::size_t size) {
  base::Bytes out(size);
  auto got = read_into(fd, offset, out);
  if (!got) return pass(got);
  out.resize(*got);
  return out;
}

base::Result<std::uint64_t> file_size(int fd) {
  // Not fstat: glibc makes it a call that could take a path, which a contained reader has not.
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0) return base::fail_errno("lseek of the recording");
  return static_cast<std::uint64_t>(size);
}

base::Result<base::Fd> open_regular(const std::string& path, int access) {
  base::Fd fd(::open(path.c_str(), access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const bool other_kind = !fd && (errno == ELOOP || errno == EISDIR || errno == ENXIO);
  if (!fd && !other_kind) return base::fail_errno(path);
  struct stat st {};
  if (fd && ::fstat(fd.get(), &st) < 0) return base::fail_errno(path);
  if (other_kind || !S_ISREG(st.st_mode)) return base::fail(base::Errc::corrupt, path + " is not a regular file");
  return fd;
}

base::Status sync_data(int fd) {
  if (::fdatasync(fd) < 0) return base::fail_errno("fdatasync of the recording");
  return {};
}

base::Status sync_directory(const std::string& directory) {
  const base::Fd dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir || ::fsync(dir.get()) < 0) return base::fail_errno("fsync " + directory);
  return {};
}

base::Result<base::Fd> create_reserved(const std::string& path, std::uint64_t size) {
  base::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return base::fail_errno("creating " + path);
  int error = 0;
  do {
    error = size == 0 ? 0 : ::posix_fallocate(fd.get(), 0, static_cast<off_t>(size));
  } while (error == EINTR);
  if (error != 0) {
    ::unlink(path.c_str());
    return base::fail_errno("reserving space for " + path, error);
  }
  return fd;
}

base::Result<std::vector<std::uint64_t>> list_tails(const std::string& directory, const std::string& id) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), ::closedir);
  if (!dir) return base::fail_errno("opening " + directory);
  std::vector<std::uint64_t> out;
  const std::string prefix = id + ".";
  const std::string_view suffix = ".tail";
  while (const dirent* e = ::readdir(dir.get())) {
    const std::string_view name = e->d_name;
    if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    const std::string_view digits = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool canonical = digits == "0" || digits[0] != '0';
    if (error == std::errc() && end == digits.data() + digits.size() && canonical) out.push_back(number);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace sallyport::recording
