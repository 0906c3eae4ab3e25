// SPDX-License-Identifier: Apache-2.0
// A file that is made for one result and is only there when that is whole. Trusted side.
#pragma once

#include <array>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sallyport::cli {

class NewFile {
 public:
  /// Makes it, mode 0600; an existing one is an error and stays as it is.
  static base::Result<NewFile> create(const std::string& path);
  NewFile(NewFile&&) = default;
  NewFile& operator=(NewFile&&) = delete;
  /// Takes the file away again unless it was kept.
  ~NewFile();

  std::ostream& out() { return *out_; }
  /// Everything is written: the file stays. Errors: io.
  base::Status keep();

 private:
  class Buffer : public std::streambuf {
   public:
    explicit Buffer(int fd);
    base::Status drain();

   private:
    int overflow(int c) override;
    int sync() override;

    int fd_;
    base::Status written_;
    std::array<char, std::size_t{64} * 1024> bytes_;
  };

  NewFile(std::string path, base::Fd fd);

  std::string path_;
  base::Fd fd_;
  std::unique_ptr<Buffer> buffer_;
  std::unique_ptr<std::ostream> out_;
};

}  // namespace sallyport::cli
