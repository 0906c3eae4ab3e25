// SPDX-License-Identifier: Apache-2.0
// fork and execve: what the child sets for itself, posix_spawn cannot.
#include "broker/node/hook_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/descriptors.h"
#include "sandbox/limits.h"
#include "sandbox/privileges.h"

namespace sallyport::broker {
namespace {

constexpr rlim_t kDescriptors = 64;
constexpr rlim_t kFileBytes = 64 << 20;
// By these the parent knows how far the child came.
constexpr int kNotContained = 125;
constexpr int kNotExecuted = 127;

// The text, to be read from its beginning.
base::Result<base::Fd> memory_with(const std::string& text) {
  base::Fd out(::memfd_create("sallyport-notice", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!out) return base::fail_errno("memfd_create");
  if (auto written = base::write_all(out.get(), base::view(text)); !written) return base::pass(written);
  if (::lseek(out.get(), 0, SEEK_SET) != 0) return base::fail_errno("lseek");
  if (::fcntl(out.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
    return base::fail_errno("F_ADD_SEALS");
  }
  return out;
}

bool limit(__rlimit_resource what, rlim_t most) {
  const rlimit value{most, most};
  return ::setrlimit(what, &value) == 0;
}

// In the child of a process with threads: nothing here takes a lock or memory unless it fails.
bool contain(int input, const std::optional<sandbox::Identity>& identity) {
  if (::setsid() < 0 || ::dup2(input, STDIN_FILENO) < 0) return false;
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0 || ::dup2(nothing, STDOUT_FILENO) < 0 || ::dup2(nothing, STDERR_FILENO) < 0) return false;
  if (sandbox::close_all_above(STDERR_FILENO)) return false;
  sigset_t none;
  sigemptyset(&none);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  if (::sigprocmask(SIG_SETMASK, &none, nullptr) < 0 || ::chdir("/") < 0) return false;
  if (sandbox::forbid_core_dumps()) return false;
  if (!limit(RLIMIT_NOFILE, kDescriptors) || !limit(RLIMIT_FSIZE, kFileBytes)) return false;
  if (sandbox::become(identity)) return false;
  if (sandbox::forbid_new_privileges()) return false;
  return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

std::string fault_of(const ipc::Ending& ending, bool timed_out) {
  if (timed_out) return "it did not end in time and was killed";
  if (ending.signalled) return "signal " + std::to_string(ending.status) + " ended it";
  if (ending.status == kNotContained) return "it could not be contained, and was not started";
  if (ending.status == kNotExecuted) return "it cannot be executed, or ended with status 127";
  return ending.status == 0 ? "" : "it ended with status " + std::to_string(ending.status);
}

}  // namespace

base::Result<std::unique_ptr<HookProcess>> HookProcess::start(net::Loop& loop, const Program& program,
                                                              const std::string& input,
                                                              std::function<void(const std::string&)> done) {
  auto text = memory_with(input);
  if (!text) return base::pass(text);
  std::vector<std::string> words = program.command;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
  char language[] = "LANG=C.UTF-8";
  char* environment[] = {path, language, nullptr};
  std::optional<sandbox::Identity> identity;
  if (program.identity) identity = sandbox::Identity{program.identity->uid, program.identity->gid};
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail_errno("fork");
  if (pid == 0) {
    if (!contain(text->get(), identity)) ::_exit(kNotContained);
    ::execve(argv[0], argv.data(), environment);
    ::_exit(kNotExecuted);
  }
  auto pidfd = ipc::adopt_worker(pid);
  if (!pidfd) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return base::pass(pidfd);
  }
  std::unique_ptr<HookProcess> out(new HookProcess(loop, pid, std::move(*pidfd), std::move(done)));
  out->timeout_.after_us(program.timeout_us, [self = out.get()] {
    self->timed_out_ = true;
    self->kill_all();
  });
  return out;
}

HookProcess::HookProcess(net::Loop& loop, pid_t pid, base::Fd pidfd, std::function<void(const std::string&)> done)
    : pid_(pid), pidfd_(std::move(pidfd)), done_(std::move(done)), watch_(loop, pidfd_.get()), timeout_(loop) {
  watch_.on_readable([this] { ended(); });
  watch_.enable_read(true);
}

HookProcess::~HookProcess() {
  if (reaped_) return;
  kill_all();
  (void)ipc::reap(pidfd_);  // what is not dead yet is the kernel's when the broker ends
}

// Its number is its own as long as it is not reaped, and so is its group's.
void HookProcess::kill_all() const {
  ::kill(-pid_, SIGKILL);
  (void)ipc::kill_now(pidfd_);  // it may not have a group of its own yet
}

// A wake-up without a reason must not end a program that still runs.
bool HookProcess::has_ended() const {
  siginfo_t info{};
  const int asked = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG | WNOWAIT);
  return asked != 0 || info.si_pid != 0;
}

void HookProcess::ended() {
  if (!has_ended()) return;
  kill_all();  // what it left behind, while its number is still its own
  const auto ending = ipc::reap(pidfd_);
  if (ending && !*ending) return;
  reaped_ = true;
  watch_.enable_read(false);
  timeout_.cancel();
  const auto done = std::move(done_);
  done(ending ? fault_of(**ending, timed_out_) : ending.message());
}

}  // namespace sallyport::broker
