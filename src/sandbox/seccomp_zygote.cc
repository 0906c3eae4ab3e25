// SPDX-License-Identifier: Apache-2.0
// The list. A zygote parses nothing foreign, but its filter is the outer wall of every worker.
#include "sandbox/seccomp_zygote.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>

#include <cerrno>

#include "sandbox/seccomp_worker.h"

namespace sallyport::sandbox {

Step zygote_filter(const WorkerNeeds& needs, Filter& out) {
  Rules rules;
  add_worker_rules(needs, rules);
  // Exactly the fork of namespaces.cc. clone3 hides its flags behind a pointer: callers are told to use clone.
  rules.allow_if(SCMP_SYS(clone), {{0, kWholeWord, CLONE_NEWPID | CLONE_PARENT}});
  rules.answer({SCMP_SYS(clone3)}, ENOSYS);
  // The steps that a new worker takes.
  rules.allow({SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(close_range), SCMP_SYS(capset), SCMP_SYS(prlimit64),
               SCMP_SYS(setrlimit)});
  rules.allow_if(SCMP_SYS(prctl), {{0, kInt, PR_SET_PDEATHSIG}});
  rules.allow_if(SCMP_SYS(seccomp), {{0, kInt, SECCOMP_SET_MODE_FILTER}});
  // What libraries ask while they warm up.
  rules.allow({SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname),
               SCMP_SYS(sched_getaffinity), SCMP_SYS(sysinfo), SCMP_SYS(sched_yield), SCMP_SYS(getrlimit)});
  // Configuration files, locales: none here, and the answer is the same as an empty root's.
  rules.answer({SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
                SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(readlink),
                SCMP_SYS(readlinkat), SCMP_SYS(getcwd)},
               ENOENT);
  rules.answer({SCMP_SYS(ioctl)}, ENOTTY);
#ifdef SALLYPORT_SANITIZED
  rules.allow({SCMP_SYS(prctl), SCMP_SYS(fstat)});
#endif
  return rules.compile(out);
}

}  // namespace sallyport::sandbox
