// SPDX-License-Identifier: Apache-2.0
// What an attacker who took over a worker would try: every system call that leads anywhere. For the hostile test build
// only, never installed.
#include "leg/hostile_attempts.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace sallyport::leg {
namespace {

long pass_descriptor() {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = 4;
  std::memcpy(CMSG_DATA(c), &fd, sizeof(fd));
  return ::syscall(SYS_sendmsg, 3, &header, 0);
}

long send_to_an_address() {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  return ::syscall(SYS_sendto, 4, "x", 1, 0, &to, sizeof(to));
}

long read_another_process() {
  char here[8];
  iovec local{here, sizeof(here)};
  iovec remote{here, sizeof(here)};
  return ::syscall(SYS_process_vm_readv, 1, &local, 1, &remote, 1, 0);
}

long set_up_io_uring() {
  io_uring_params parameters{};
  return ::syscall(SYS_io_uring_setup, 4, &parameters);
}

long fork_by_clone3() {
  std::array<std::uint64_t, 8> arguments{};
  arguments[4] = SIGCHLD;
  return ::syscall(SYS_clone3, arguments.data(), sizeof(arguments));
}

long make_writable_code() {
  void* p = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return ::syscall(SYS_mprotect, p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

#ifdef __x86_64__
/// 32-bit numbers: 20 is getpid there, writev in the 64-bit table.
long by_the_old_interface() {
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result;
}
#endif

long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  return ::syscall(number, a, b, c, d, e);
}
long address(const void* p) {
  return reinterpret_cast<long>(p);
}

const Attempt kAttempts[] = {
    {"openat", [] { return call(SYS_openat, AT_FDCWD, address("/etc/passwd"), O_RDONLY); }},
    {"openat2", [] { return call(SYS_openat2, AT_FDCWD, address("/"), 0, 24); }},
    {"open_by_handle_at", [] { return call(SYS_open_by_handle_at, 4, 0, 0); }},
    {"stat", [] { return call(SYS_newfstatat, AT_FDCWD, address("/"), 0, 0); }},
    {"getdents", [] { return call(SYS_getdents64, 4, 0, 0); }},
    {"unlink", [] { return call(SYS_unlinkat, AT_FDCWD, address("/x"), 0); }},
    {"socket inet", [] { return call(SYS_socket, AF_INET, SOCK_STREAM, 0); }},
    {"socket unix", [] { return call(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }},
    {"socket netlink", [] { return call(SYS_socket, AF_NETLINK, SOCK_RAW, 0); }},
    {"socketpair", [] { return call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 0); }},
    {"connect", [] { return call(SYS_connect, 4, 0, 0); }},
    {"bind", [] { return call(SYS_bind, 4, 0, 0); }},
    {"accept4", [] { return call(SYS_accept4, 4, 0, 0, 0); }},
    {"getpeername", [] { return call(SYS_getpeername, 4, 0, 0); }},
    {"setsockopt", [] { return call(SYS_setsockopt, 4, SOL_SOCKET, SO_PASSCRED, 0, 0); }},
    {"sendmsg with descriptor", pass_descriptor},
    {"sendmmsg", [] { return call(SYS_sendmmsg, 3, 0, 0, 0); }},
    {"sendto address", send_to_an_address},
    {"execve", [] { return call(SYS_execve, address("/bin/sh"), 0, 0); }},
    {"execveat", [] { return call(SYS_execveat, 4, address(""), 0, 0, AT_EMPTY_PATH); }},
    {"vfork", [] { return call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD); }},
    {"clone", [] { return call(SYS_clone, SIGCHLD); }},
    {"clone as the zygote does", [] { return call(SYS_clone, CLONE_NEWPID | CLONE_PARENT); }},
    {"clone3", fork_by_clone3},
    {"unshare", [] { return call(SYS_unshare, CLONE_NEWUSER); }},
    {"setns", [] { return call(SYS_setns, 4, 0); }},
    {"ptrace", [] { return call(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }},
    {"process_vm_readv", read_another_process},
    {"process_vm_writev", [] { return call(SYS_process_vm_writev, 1, 0, 0, 0, 0); }},
    {"pidfd_open", [] { return call(SYS_pidfd_open, 1, 0); }},
    {"pidfd_getfd", [] { return call(SYS_pidfd_getfd, 4, 0, 0); }},
    {"kill", [] { return call(SYS_kill, -1, SIGTERM); }},
    {"kill self", [] { return call(SYS_kill, 1, 0); }},
    {"tgkill other", [] { return call(SYS_tgkill, 2, 2, SIGABRT); }},
    {"tgkill other signal", [] { return call(SYS_tgkill, 1, 1, SIGKILL); }},
    {"rt_sigqueueinfo", [] { return call(SYS_rt_sigqueueinfo, 1, SIGTERM, 0); }},
    {"F_SETFL", [] { return call(SYS_fcntl, 4, F_SETFL, 0); }},
    {"F_DUPFD", [] { return call(SYS_fcntl, 4, F_DUPFD, 0); }},
    {"F_ADD_SEALS", [] { return call(SYS_fcntl, 4, F_ADD_SEALS, 0); }},
    {"F_SETOWN", [] { return call(SYS_fcntl, 4, F_SETOWN, 1); }},
    {"ioctl FIONBIO", [] { return call(SYS_ioctl, 4, FIONBIO, 0); }},
    {"ioctl TIOCSTI", [] { return call(SYS_ioctl, 0, TIOCSTI, 0); }},
    {"io_uring_setup", set_up_io_uring},
    {"io_uring_enter", [] { return call(SYS_io_uring_enter, 4, 1, 0, 0, 0); }},
    {"epoll_create", [] { return call(SYS_epoll_create1, 0); }},
    {"eventfd", [] { return call(SYS_eventfd2, 0, 0); }},
    {"memfd_create", [] { return call(SYS_memfd_create, address("x"), 0); }},
    {"ftruncate", [] { return call(SYS_ftruncate, 4, 0); }},
    {"mmap exec", [] { return call(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1); }},
    {"mprotect exec", make_writable_code},
    {"pkey_mprotect", [] { return call(SYS_pkey_mprotect, 0, 0, PROT_EXEC, -1); }},
    {"remap_file_pages", [] { return call(SYS_remap_file_pages, 0, 0, 0, 0, 0); }},
    {"shmat", [] { return call(SYS_shmat, 0, 0, 0); }},
    {"userfaultfd", [] { return call(SYS_userfaultfd, 0); }},
    {"bpf", [] { return call(SYS_bpf, 0, 0, 0); }},
    {"perf_event_open", [] { return call(SYS_perf_event_open, 0, 0, 0, 0, 0); }},
    {"keyctl", [] { return call(SYS_keyctl, 0, 0, 0); }},
    {"add_key", [] { return call(SYS_add_key, 0, 0, 0, 0, 0); }},
    {"mount", [] { return call(SYS_mount, 0, address("/"), address("proc"), 0, 0); }},
    {"pivot_root", [] { return call(SYS_pivot_root, address("."), address(".")); }},
    {"chroot", [] { return call(SYS_chroot, address("/")); }},
    {"setuid", [] { return call(SYS_setuid, 0); }},
    {"capset", [] { return call(SYS_capset, 0, 0); }},
    {"personality", [] { return call(SYS_personality, 0xffffffff); }},
    {"prctl dumpable", [] { return call(SYS_prctl, PR_SET_DUMPABLE, 1); }},
    {"prctl pdeathsig", [] { return call(SYS_prctl, PR_SET_PDEATHSIG, 0); }},
    {"seccomp", [] { return call(SYS_seccomp, 0, 0, 0); }},
    {"landlock", [] { return call(SYS_landlock_create_ruleset, 0, 0, 1); }},
    {"prlimit", [] { return call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, 0); }},
    {"sched_setaffinity", [] { return call(SYS_sched_setaffinity, 0, 0, 0); }},
    {"setpriority", [] { return call(SYS_setpriority, 0, 0, 0); }},
    {"futex requeue", [] { return call(SYS_futex, 0, FUTEX_CMP_REQUEUE_PI); }},
    {"madvise other", [] { return call(SYS_madvise, 0, 0, MADV_HUGEPAGE); }},
    {"timer_create", [] { return call(SYS_timer_create, 0, 0, 0); }},
#ifdef __x86_64__
    {"open", [] { return call(SYS_open, address("/"), O_RDONLY); }},
    {"fork", [] { return call(SYS_fork); }},
    {"dup2", [] { return call(SYS_dup2, 4, 9); }},
    {"arch_prctl", [] { return call(SYS_arch_prctl, 0x1002, 0); }},
    {"x32 getpid", [] { return call(0x40000000 | SYS_getpid); }},
    {"int 0x80 getpid", by_the_old_interface},
#endif
};

}  // namespace

std::span<const Attempt> hostile_attempts() {
  return kAttempts;
}

}  // namespace sallyport::leg
