// SPDX-License-Identifier: Apache-2.0
// For tests: a temporary folder in which the system's own ssh-keygen runs, so that our formats are held against
// OpenSSH's.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "base/bytes.h"

namespace sallyport::keys {

class SshKeygen {
 public:
  SshKeygen() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sallyport-keys-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
  }
  ~SshKeygen() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  SshKeygen(const SshKeygen&) = delete;
  SshKeygen& operator=(const SshKeygen&) = delete;

  static bool present() { return std::system("command -v ssh-keygen >/dev/null 2>&1") == 0; }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Runs `ssh-keygen ARGUMENTS` in the folder; the output is kept whatever the exit status, which is returned.
  int run(const std::string& arguments) {
    const std::string command = "cd '" + folder_.string() + "' && ssh-keygen " + arguments + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    output_.clear();
    std::array<char, 4096> buffer{};
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) != 0;) output_.append(buffer.data(), n);
    const int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  const std::string& output() const { return output_; }

  std::string read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  /// Readable by its owner alone: ssh-keygen refuses other private keys.
  void write(const std::string& name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }

 private:
  std::filesystem::path folder_;
  std::string output_;
};

}  // namespace sallyport::keys
