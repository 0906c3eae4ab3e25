// SPDX-License-Identifier: Apache-2.0
// The file that holds the master key.
#include "vault/key_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/fd.h"
#include "vault/master_key.h"

namespace sallyport::vault {

using base::ByteView;
using base::Errc;
using base::fail;
using base::Fd;
using base::Result;
using base::SecretBytes;
using base::Status;

namespace {

constexpr std::size_t kMaxFileBytes = 4096;

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The key's own directory is its owner's alone; those above it, where they are absent, are open to all, as in /etc,
/// whatever the umask: the configuration stands there too.
Status make_directory(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if (mkdir(above.c_str(), 0755) == 0 && chmod(above.c_str(), 0755) != 0) {
      return base::fail_errno("master key: cannot open " + above + " to others");
    }
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return base::fail_errno("master key: cannot make " + path);
  return {};
}

Status sync_directory(const std::string& path) {
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || fsync(directory.get()) != 0) return base::fail_errno("master key: cannot sync " + path);
  return {};
}

Result<SecretBytes> read_at_most(int fd, const std::string& path) {
  SecretBytes buffer(kMaxFileBytes);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t n = ::read(fd, buffer.data() + size, buffer.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("master key: cannot read " + path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  return SecretBytes(buffer.view().first(size));
}

}  // namespace

Result<SecretBytes> parse_key(ByteView text) {
  SecretBytes key(kMasterKeyBytes);
  std::size_t size = 0;
  const char* end = nullptr;
  const char* begin = reinterpret_cast<const char*>(text.data());
  const int rc = sodium_base642bin(key.data(), key.size(), begin, text.size(), "\r\n", &size, &end,
                                   sodium_base64_VARIANT_ORIGINAL);
  if (rc != 0 || size != kMasterKeyBytes || end != begin + text.size()) {
    return fail(Errc::invalid, "it must hold one line: 32 bytes in base64");
  }
  return key;
}

Result<SecretBytes> read_key_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return base::fail_errno("master key: cannot open " + path);
  struct stat st = {};
  if (fstat(file.get(), &st) != 0) return base::fail_errno("master key: cannot look at " + path);
  if (!S_ISREG(st.st_mode)) return fail(Errc::invalid, "master key: " + path + " is no regular file");
  if ((st.st_mode & 077) != 0) {
    return fail(Errc::denied, "master key: others may read " + path + "; run: chmod 600 " + path);
  }
  if (st.st_uid != geteuid() && st.st_uid != 0) {
    return fail(Errc::denied, "master key: " + path + " belongs to another user; make it this service's own");
  }
  Result<SecretBytes> text = read_at_most(file.get(), path);
  if (!text) return text;
  Result<SecretBytes> key = parse_key(text->view());
  if (!key) return fail(Errc::invalid, "master key: " + path + ": " + key.message());
  return key;
}

Status write_key_file(const std::string& path, ByteView key) {
  const std::string directory = directory_of(path);
  if (Status made = make_directory(directory); !made) return made;
  // Written beside and linked into place: a crash leaves no half a key, and link() never replaces anything.
  const std::string draft = path + ".draft";
  if (unlink(draft.c_str()) != 0 && errno != ENOENT) return base::fail_errno("master key: cannot remove " + draft);
  const Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return base::fail_errno("master key: cannot create " + draft);
  SecretBytes line(sodium_base64_encoded_len(key.size(), sodium_base64_VARIANT_ORIGINAL));
  sodium_bin2base64(reinterpret_cast<char*>(line.data()), line.size(), key.data(), key.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  line.data()[line.size() - 1] = '\n';  // in the place of the terminating NUL
  Status done = base::write_all(file.get(), line.view());
  if (done && fsync(file.get()) != 0) done = base::fail_errno("master key: cannot sync " + draft);
  if (done && link(draft.c_str(), path.c_str()) != 0) done = base::fail_errno("master key: cannot create " + path);
  unlink(draft.c_str());
  if (!done) return done;
  return sync_directory(directory);
}

std::string waiting_path(const std::string& path) {
  return path + ".new";
}

Status check_replaceable(const std::string& path) {
  struct statx about {};
  const bool known = ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &about) == 0;
  if (!known || (about.stx_attributes & about.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0) return {};
  return fail(Errc::unsupported,
              "master key: " + path +
                  " is a mount of its own, and no other file can take its place: mount its directory "
                  "instead, or rotate to a passphrase");
}

Status promote_waiting_key(const std::string& path) {
  if (std::rename(waiting_path(path).c_str(), path.c_str()) != 0) {
    return base::fail_errno("master key: cannot put " + waiting_path(path) + " in the place of " + path);
  }
  return sync_directory(directory_of(path));
}

}  // namespace sallyport::vault
