// SPDX-License-Identifier: Apache-2.0
// Written through the descriptor that made it: the name could mean another file by then.
#include "cli/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"

namespace sallyport::cli {

NewFile::Buffer::Buffer(int fd) : fd_(fd) {
  setp(bytes_.data(), bytes_.data() + bytes_.size());
}

base::Status NewFile::Buffer::drain() {
  if (written_) {
    written_ = base::write_all(fd_, base::view(std::string_view(pbase(), static_cast<std::size_t>(pptr() - pbase()))));
  }
  setp(bytes_.data(), bytes_.data() + bytes_.size());
  return written_;
}

int NewFile::Buffer::overflow(int c) {
  if (!drain()) return traits_type::eof();
  if (c != traits_type::eof()) sputc(static_cast<char>(c));
  return traits_type::not_eof(c);
}

int NewFile::Buffer::sync() {
  return drain() ? 0 : -1;
}

NewFile::NewFile(std::string path, base::Fd fd)
    : path_(std::move(path)),
      fd_(std::move(fd)),
      buffer_(std::make_unique<Buffer>(fd_.get())),
      out_(std::make_unique<std::ostream>(buffer_.get())) {}

base::Result<NewFile> NewFile::create(const std::string& path) {
  base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return base::fail_errno(path);
  return NewFile(path, std::move(fd));
}

NewFile::~NewFile() {
  if (fd_) ::unlink(path_.c_str());
}

base::Status NewFile::keep() {
  auto written = buffer_->drain();
  if (!written) return base::fail(written.error().code, path_ + ": " + written.error().message);
  fd_.reset();
  return {};
}

}  // namespace sallyport::cli
