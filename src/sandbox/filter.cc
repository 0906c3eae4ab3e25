// SPDX-License-Identifier: Apache-2.0
// libseccomp writes the program; the kernel takes it.
#include "sandbox/filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>

namespace sallyport::sandbox {

static_assert(sizeof(sock_filter) == sizeof(std::uint64_t));

struct Rules::State {
  scmp_filter_ctx context = nullptr;
  int error = 0;

  void note(int result) {
    if (result < 0 && error == 0) error = -result;
  }
};

Rules::Rules() : state_(std::make_unique<State>()) {
  state_->context = ::seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (state_->context == nullptr) {
    state_->error = ENOMEM;
    return;
  }
  // Calls by another architecture's numbers (int 0x80, x32) too; the default for them would kill a thread only.
  state_->note(::seccomp_attr_set(state_->context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  state_->note(::seccomp_attr_set(state_->context, SCMP_FLTATR_CTL_OPTIMIZE, 2));  // a binary tree, not a list
}

Rules::~Rules() {
  if (state_->context != nullptr) ::seccomp_release(state_->context);
}

void Rules::allow(std::initializer_list<int> calls) {
  if (state_->error != 0) return;
  for (const int call : calls)
    state_->note(::seccomp_rule_add_array(state_->context, SCMP_ACT_ALLOW, call, 0, nullptr));
}

void Rules::allow_if(int call, std::initializer_list<Condition> conditions) {
  if (state_->error != 0) return;
  std::array<scmp_arg_cmp, 6> compare{};
  assert(conditions.size() <= compare.size());
  unsigned n = 0;
  for (const auto& c : conditions) compare[n++] = {c.argument, SCMP_CMP_MASKED_EQ, c.mask, c.value};
  state_->note(::seccomp_rule_add_array(state_->context, SCMP_ACT_ALLOW, call, n, compare.data()));
}

void Rules::answer(std::initializer_list<int> calls, int error) {
  if (state_->error != 0) return;
  for (const int call : calls) {
    state_->note(
        ::seccomp_rule_add_array(state_->context, SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, 0, nullptr));
  }
}

Step Rules::compile(Filter& out) {
  if (state_->error != 0) return failed("building the system-call filter", state_->error, "");
  const int fd = static_cast<int>(::syscall(SYS_memfd_create, "sallyport-filter", MFD_CLOEXEC));
  if (fd < 0) return failed("memfd_create", errno, "allow memfd_create in the container's seccomp profile");
  int error = -::seccomp_export_bpf(state_->context, fd);
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (error == 0 && size > 0 && size % static_cast<off_t>(sizeof(sock_filter)) == 0) {
    out.program_.resize(static_cast<std::size_t>(size) / sizeof(sock_filter));
    if (::pread(fd, out.program_.data(), static_cast<std::size_t>(size), 0) != size) error = EIO;
  } else if (error == 0) {
    error = EIO;
  }
  ::close(fd);
  if (error != 0) return failed("seccomp_export_bpf", error, "");
  return {};
}

Step Filter::install() const {
  assert(!program_.empty());
  const sock_fprog program{static_cast<unsigned short>(program_.size()),
                           const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(program_.data()))};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) {
    return failed("seccomp(SECCOMP_SET_MODE_FILTER)", errno,
                  "the kernel needs CONFIG_SECCOMP_FILTER; a container's seccomp profile must permit seccomp");
  }
  return {};
}

}  // namespace sallyport::sandbox
