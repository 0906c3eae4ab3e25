// SPDX-License-Identifier: Apache-2.0
// sallyport: the command line. Trusted side; it asks the gateway over the admin socket and decides nothing itself.
#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>

#include "cli/verbs.h"
#include "sandbox/reader.h"

namespace {

// What opens a descriptor next must not get the number of a standard stream that the caller closed.
bool standard_streams_are_open() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO) ::close(fd);
  return fd >= 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (!standard_streams_are_open()) return 1;
  // Keys of recordings, passphrases and passwords go through this process.
  if (const auto failure = sallyport::sandbox::keep_memory_private()) {
    std::cerr << "sallyport: " << failure->what << "\n";
    return 1;
  }
  ::signal(SIGPIPE, SIG_DFL);  // `sallyport … | head` ends quietly
  // The library would write what it thinks of foreign bytes to standard error; our own errors say it.
  google::protobuf::SetLogHandler(nullptr);
  sallyport::cli::CommandLine line;
  sallyport::cli::add_all_verbs(line);
  return line.run(argc, argv);
}
