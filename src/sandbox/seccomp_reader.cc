// SPDX-License-Identifier: Apache-2.0
// The list. Whatever is added here is a gift to an attacker: say what needs it.
#include "sandbox/seccomp_reader.h"

#include <seccomp.h>

#include <fcntl.h>
#include <signal.h>

#include <cerrno>

#include "sandbox/seccomp_worker.h"

namespace sallyport::sandbox {

// A worker's list, without what sockets need and with what files need. No call that takes a path is in either.
Step reader_filter(Filter& out) {
  Rules rules;
  add_memory_rules(rules);
  add_process_rules(rules);
  rules.allow({SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(ppoll),
               SCMP_SYS(pread64),                                 // the record and its tails
               SCMP_SYS(lseek)});                                 // their sizes
  rules.allow_if(SCMP_SYS(fcntl), {{1, kInt, F_DUPFD_CLOEXEC}});  // a tail is read as one's own
  // abort(): to itself, whatever its number; in this process there is one thread.
  rules.allow_if(SCMP_SYS(tgkill), {{2, kInt, SIGABRT}});
  add_sanitizer_rules(rules);
  return rules.compile(out);
}

}  // namespace sallyport::sandbox
