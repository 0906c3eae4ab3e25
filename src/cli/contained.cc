// SPDX-License-Identifier: Apache-2.0
// fork, the sandbox, two pipes for text, a socket for orders and the result.
#include "cli/contained.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <new>
#include <streambuf>
#include <utility>

#include "base/escape.h"
#include "ipc/seqpacket.h"
#include "recording/crypto.h"
#include "sandbox/trial.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxReason = 16 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;

/// A stream over a descriptor that asks the kernel nothing but to write.
class DescriptorBuffer final : public std::streambuf {
 public:
  explicit DescriptorBuffer(int fd) : fd_(fd) { setp(bytes_.data(), bytes_.data() + bytes_.size()); }

 private:
  int overflow(int c) override {
    if (sync() != 0) return traits_type::eof();
    if (c != traits_type::eof()) sputc(static_cast<char>(c));
    return 0;
  }
  int sync() override {
    const base::ByteView all = base::view({pbase(), static_cast<std::size_t>(pptr() - pbase())});
    const bool written = base::write_all(fd_, all).has_value();
    setp(bytes_.data(), bytes_.data() + bytes_.size());
    return written ? 0 : -1;
  }

  int fd_;
  std::array<char, kReadBytes> bytes_{};
};

// 'R', 0, status (4 bytes) or 'R', 1 + code, reason.
void send_result(const base::Result<int>& result) {
  std::string message(1, static_cast<char>(Word::result));
  if (result) {
    message += '\0';
    for (int i = 0; i < 4; ++i) message += static_cast<char>(static_cast<unsigned>(*result) >> (8 * i) & 0xFF);
  } else {
    message += static_cast<char>(1 + static_cast<int>(result.error().code));
    message += base::cut_utf8(result.error().message, kMaxReason);
  }
  (void)base::write_all(STDIN_FILENO, base::view(message));
}

base::Result<int> run_work(const ContainedWork& work, codec::terminal::Size size) {
  DescriptorBuffer out(STDOUT_FILENO);
  DescriptorBuffer err(STDERR_FILENO);
  std::cout.rdbuf(&out);
  std::cerr.rdbuf(&err);
  std::cout.clear();
  Viewer viewer(STDIN_FILENO, STDOUT_FILENO, size);
  base::Result<int> result = 0;
  try {
    result = work(viewer);
  } catch (const std::bad_alloc&) {
    result = base::fail(base::Errc::full, "the recording needs more than " +
                                              std::to_string(sandbox::kReaderAddressSpaceBytes >> 20) +
                                              " MiB of memory: the recording may have been made to use up memory");
  } catch (const std::exception& e) {
    result = base::fail(base::Errc::corrupt, std::string("the recording cannot be decoded: ") + e.what());
  }
  std::cout.flush();
  std::cerr.flush();
  if (result && !std::cout) result = base::fail(base::Errc::io, "the output could not be written");
  std::cout.rdbuf(nullptr);
  std::cerr.rdbuf(nullptr);
  return result;
}

// The terminal's signals are for the command line; its end is the child's.
void leave_signals_to_parent() {
  for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGWINCH}) ::signal(signal, SIG_IGN);
  ::signal(SIGPIPE, SIG_DFL);
}

struct ChildEnds {
  base::Fd orders, out, err;
};

[[noreturn]] void run_child(const sandbox::ReaderBox& box, std::span<const int> kept, const ChildEnds& ends,
                            codec::terminal::Size size, const ContainedWork& work) {
  leave_signals_to_parent();
  const bool moved = ::dup2(ends.orders.get(), STDIN_FILENO) >= 0 && ::dup2(ends.out.get(), STDOUT_FILENO) >= 0 &&
                     ::dup2(ends.err.get(), STDERR_FILENO) >= 0;
  if (!moved) ::_exit(1);
  if (const auto failure = sandbox::contain_reader(box, kept)) {
    const std::string remedy = failure->remedy.empty() ? "" : "; " + failure->remedy;
    send_result(base::fail(
        base::Errc::unsupported,
        "this host offers no sandbox for the decoder, and without one nothing is decoded: " + failure->what + remedy));
  } else {
    send_result(run_work(work, size));
  }
  ::_exit(0);
}

// Standard streams that were closed when the program started are no place for an end.
bool above_standard(base::Fd& fd) {
  if (fd.get() > STDERR_FILENO) return true;
  fd = base::Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return static_cast<bool>(fd);
}

base::Status make_pipe(base::Fd& read_end, base::Fd& write_end) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return base::fail_errno("pipe");
  read_end = base::Fd(ends[0]);
  write_end = base::Fd(ends[1]);
  if (!above_standard(write_end)) return base::fail_errno("pipe");
  return base::set_nonblocking(read_end.get());
}

// Appends what is there; closes the descriptor at its end.
void drain(base::Fd& fd, std::string& into) {
  std::array<char, kReadBytes> buffer{};
  const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
  if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) fd.reset();
}

}  // namespace

base::Result<Contained> Contained::start(const sandbox::ReaderBox& box, std::span<const int> kept,
                                         codec::terminal::Size size, const ContainedWork& work) {
  recording::ready_crypto();  // it may ask the kernel for more than a reader may
  Contained out;
  ChildEnds ends;
  auto orders = ipc::make_socket_pair();
  if (!orders) return base::pass(orders);
  out.orders_ = std::move(orders->broker);
  ends.orders = std::move(orders->worker);
  if (!above_standard(ends.orders)) return base::fail_errno("socketpair");
  if (auto made = make_pipe(out.out_, ends.out); !made) return base::pass(made);
  if (auto made = make_pipe(out.err_, ends.err); !made) return base::pass(made);
  std::cout.flush();
  std::cerr.flush();
  out.pid_ = sandbox::fork_for_trial();
  if (out.pid_ < 0) return base::fail_errno("fork");
  if (out.pid_ == 0) run_child(box, kept, ends, size, work);
  return out;
}

Contained::Contained(Contained&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      orders_(std::move(other.orders_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      result_(std::move(other.result_)) {}

Contained::~Contained() {
  if (pid_ > 0) reap();
}

int Contained::reap() {
  ::kill(pid_, SIGKILL);  // one that has said its last has nothing left to do
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

void Contained::add_polls(std::vector<pollfd>& polls) const {
  for (const base::Fd* fd : {&orders_, &out_, &err_}) polls.push_back({fd->get(), POLLIN, 0});
}

void Contained::take(std::span<const pollfd> polls, Said& said) {
  if (polls[0].revents != 0 && orders_) take_words(said);
  if (polls[1].revents != 0 && out_) drain(out_, said.out);
  if (polls[2].revents != 0 && err_) drain(err_, said.err);
}

void Contained::take_words(Said& said) {
  base::Bytes buffer(ipc::kMaxMessageBytes);
  const auto received = ipc::receive(orders_.get(), buffer);
  if (!received || received->transfer == ipc::Transfer::closed) return orders_.reset();
  if (received->transfer != ipc::Transfer::done) return;
  if (static_cast<Word>(buffer[0]) == Word::screen) said.screen = true;
  if (static_cast<Word>(buffer[0]) == Word::result) {
    result_ = base::text(base::ByteView(buffer).first(received->bytes));
  }
}

bool Contained::tell(Order order, std::string_view rest) {
  std::string message(1, static_cast<char>(order));
  message += rest;
  const auto sent = ipc::send(orders_.get(), base::view(message));
  return !sent || *sent != ipc::Transfer::would_block;  // to one that is gone, nothing more need be said
}

base::Result<int> Contained::result() {
  const int status = pid_ > 0 ? reap() : 0;
  if (result_.size() == 6 && result_[1] == 0) {
    unsigned value = 0;
    for (unsigned i = 0; i < 4; ++i)
      value |= static_cast<unsigned>(static_cast<unsigned char>(result_[2 + i])) << (8 * i);
    return static_cast<int>(value);
  }
  if (result_.size() >= 2 && result_[1] != 0) {
    const int code = static_cast<unsigned char>(result_[1]) - 1;
    const bool known = code <= static_cast<int>(base::Errc::internal);
    return base::fail(known ? static_cast<base::Errc>(code) : base::Errc::corrupt, result_.substr(2));
  }
  const char* signal = WIFSIGNALED(status) ? ::sigabbrev_np(WTERMSIG(status)) : nullptr;
  return base::fail(base::Errc::corrupt, std::string("the decoder ended without a result") +
                                             (signal == nullptr ? "" : std::string(", by SIG") + signal) +
                                             ": the recording may have been made to attack its reader");
}

}  // namespace sallyport::cli
