// SPDX-License-Identifier: Apache-2.0
// The list. Whatever is added here is a gift to an attacker: say what needs it.
#include "sandbox/seccomp_worker.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>

#include <cerrno>

namespace sallyport::sandbox {
namespace {

void add_input_and_output(Rules& rules) {
  rules.allow({SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(ppoll), SCMP_SYS(recvfrom),
               SCMP_SYS(recvmsg), SCMP_SYS(shutdown),
               SCMP_SYS(lseek)});  // writev: glibc's last words. lseek: a ring's size
  // Only to where the socket is connected. sendmsg and sendmmsg stay out: a worker that queues descriptors makes the
  // broker's own passing fail.
  rules.allow_if(SCMP_SYS(sendto), {{4, kWholeWord, 0}});
  rules.allow_if(SCMP_SYS(fcntl), {{1, kInt, F_GET_SEALS}});  // a ring that could shrink is refused
}

// A recording and its tails, each read at its own place.
void add_passed_files(Rules& rules) {
  rules.allow({SCMP_SYS(pread64)});
  rules.allow_if(SCMP_SYS(fcntl), {{1, kInt, F_DUPFD_CLOEXEC}});
}

// abort() in a worker, which is always process 1 and sees no other.
void add_own_end(Rules& rules) {
  rules.allow_if(SCMP_SYS(tgkill), {{0, kInt, 1}, {1, kInt, 1}, {2, kInt, SIGABRT}});
}

}  // namespace

void add_memory_rules(Rules& rules) {
  rules.allow({SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk)});
  rules.allow_if(SCMP_SYS(mmap), {{2, PROT_EXEC, 0}});
  rules.allow_if(SCMP_SYS(mprotect), {{2, PROT_EXEC, 0}});
  // What an allocator uses to give memory back, and nothing of the rest.
  for (const auto advice : {MADV_DONTNEED, MADV_FREE}) {
    rules.allow_if(SCMP_SYS(madvise), {{2, kInt, static_cast<std::uint64_t>(advice)}});
  }
}

void add_process_rules(Rules& rules) {
  rules.allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(getrandom),
               SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
               SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(getpid),
               SCMP_SYS(gettid),         // getpid: OpenSSL's generator notices forks by it
               SCMP_SYS(sched_yield)});  // while it stays awake for an echo
  // pthread_once and the like, even with one thread; none of the priority-inheritance and requeue operations.
  for (const auto operation : {FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET}) {
    rules.allow_if(SCMP_SYS(futex), {{1, FUTEX_CMD_MASK & kInt, static_cast<std::uint64_t>(operation)}});
  }
}

namespace {

/// The sanitizers' own needs: big mappings, sleeping on their locks, a pipe to find out what memory is readable.
void add_sanitizer_needs([[maybe_unused]] Rules& rules) {
#ifdef SALLYPORT_SANITIZED
  rules.allow({SCMP_SYS(madvise), SCMP_SYS(getrlimit), SCMP_SYS(prlimit64), SCMP_SYS(futex),
               SCMP_SYS(sched_getaffinity), SCMP_SYS(pipe2), SCMP_SYS(pipe)});
#endif
}

/// What their reports try, and do without.
void answer_sanitizer_reports([[maybe_unused]] Rules& rules) {
#ifdef SALLYPORT_SANITIZED
  rules.answer({SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(newfstatat),
                SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(ioctl), SCMP_SYS(uname), SCMP_SYS(prctl), SCMP_SYS(getcwd),
                SCMP_SYS(access), SCMP_SYS(sysinfo)},
               EPERM);
#endif
}

}  // namespace

void add_worker_rules(const WorkerNeeds& needs, Rules& rules) {
  add_input_and_output(rules);
  if (needs.files == WorkerNeeds::Files::passed) add_passed_files(rules);
  add_memory_rules(rules);
  add_process_rules(rules);
  add_own_end(rules);
  add_sanitizer_needs(rules);
}

void add_sanitizer_rules(Rules& rules) {
  add_sanitizer_needs(rules);
  answer_sanitizer_reports(rules);
}

Step worker_filter(const WorkerNeeds& needs, Filter& out) {
  Rules rules;
  add_worker_rules(needs, rules);
  answer_sanitizer_reports(rules);
  return rules.compile(out);
}

}  // namespace sallyport::sandbox
