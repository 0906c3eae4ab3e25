// SPDX-License-Identifier: Apache-2.0
// sallyport: the command line. Trusted side; it asks the gateway over the admin socket and decides nothing itself.
#include <google/protobuf/stubs/logging.h>
#include <signal.h>

#include "cli/verbs.h"

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_DFL);  // `sallyport … | head` ends quietly
  // The library would write what it thinks of foreign bytes to standard error; our own errors say it.
  google::protobuf::SetLogHandler(nullptr);
  sallyport::cli::CommandLine line;
  sallyport::cli::add_all_verbs(line);
  return line.run(argc, argv);
}
