// SPDX-License-Identifier: Apache-2.0
// fork, a pipe for the failure's text, waitpid.
#include "sandbox/trial.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace sallyport::sandbox {
namespace {

constexpr int kPatienceMs = 10000;
constexpr char kDone = 'd';
constexpr char kFailed = 'f';

/// "d", or "f" what NUL remedy; in one write, far below PIPE_BUF.
[[noreturn]] void run_and_exit(const std::function<Step()>& steps, int out) {
  std::array<char, 2048> text{kDone};
  std::size_t size = 1;
  if (auto failure = steps()) {
    text[0] = kFailed;
    for (const std::string* part : {&failure->what, &failure->remedy}) {
      const std::size_t n = std::min(part->size(), text.size() / 2 - 2);
      std::memcpy(text.data() + size, part->data(), n);
      size += n;
      text[size++] = '\0';
    }
  }
  ::_exit(::write(out, text.data(), size) == static_cast<ssize_t>(size) ? 0 : 1);
}

Step interpret(const char* text, ssize_t size, int status) {
  if (size >= 1 && text[0] == kDone) return {};
  if (size >= 3 && text[0] == kFailed && text[size - 1] == '\0') {
    const std::string what = text + 1;
    return Failure{what, 1 + what.size() + 1 < static_cast<std::size_t>(size) ? text + 1 + what.size() + 1 : ""};
  }
  if (WIFSIGNALED(status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    return Failure{
        std::string("the trial was ended by SIG") + (name != nullptr ? name : "?"),
        WTERMSIG(status) == SIGSYS ? "an outer system-call filter kills what the sandbox needs: relax it" : ""};
  }
  return Failure{"the trial ended without an answer", ""};
}

}  // namespace

pid_t fork_for_trial() {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  // Its own fork would start its thread in the child, where none may be.
  return static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
#endif
#endif
  return ::fork();
}

Step try_in_child(const std::function<Step()>& steps) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return failed("pipe2", errno, "");
  base::Fd in(ends[0]);
  base::Fd out(ends[1]);
  const pid_t child = fork_for_trial();
  if (child < 0) return failed("fork", errno, "raise the limit on processes (ulimit -u, TasksMax, pids cgroup)");
  if (child == 0) run_and_exit(steps, out.get());
  out.reset();
  pollfd p{in.get(), POLLIN, 0};
  if (::poll(&p, 1, kPatienceMs) != 1) ::kill(child, SIGKILL);
  std::array<char, 2049> text{};
  const ssize_t size = ::read(in.get(), text.data(), text.size() - 1);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return interpret(text.data(), size, status);
}

}  // namespace sallyport::sandbox
