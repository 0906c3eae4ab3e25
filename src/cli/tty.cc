// SPDX-License-Identifier: Apache-2.0
// termios, signals, and reading secrets.
#include "cli/tty.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>

#include "base/fd.h"

namespace sallyport::cli {
namespace {

// The only way a signal handler can tell anybody.
volatile sig_atomic_t g_interrupted = 0;
volatile sig_atomic_t g_resized = 0;

void on_end(int) {
  g_interrupted = 1;
}
void on_resize(int) {
  g_resized = 1;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(signal, &action, nullptr);
}

constexpr const char* kEnter = "\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[0m\x1b[2J\x1b[H";
constexpr const char* kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

base::Status read_line_into(int fd, base::SecretBytes& buffer, std::size_t& size) {
  for (;;) {
    std::uint8_t byte = 0;
    const ssize_t n = ::read(fd, &byte, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("read");
    if (n == 0 && size == 0) return base::fail(base::Errc::closed, "nothing was typed");
    if (n == 0 || byte == '\n') return {};
    if (byte == 3) return base::fail(base::Errc::closed, "interrupted");
    if (size == buffer.size()) return base::fail(base::Errc::full, "the input is too long");
    buffer.data()[size++] = byte;
  }
}

base::SecretBytes cut(const base::SecretBytes& buffer, std::size_t size) {
  return base::SecretBytes(buffer.view().first(size));
}

}  // namespace

codec::terminal::Size terminal_size(int fd) {
  winsize size{};
  codec::terminal::Size out;
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
    out.rows = size.ws_row;
    out.columns = size.ws_col;
  }
  return out;
}

base::Result<base::SecretBytes> read_secret_line(const std::string& prompt) {
  base::Fd tty(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!tty) return base::fail(base::Errc::unsupported, "there is no terminal to ask for it on; use standard input");
  termios before{};
  if (::tcgetattr(tty.get(), &before) < 0) return base::fail_errno("tcgetattr");
  termios quiet = before;
  // Ctrl-C arrives as a byte: a signal here would leave the terminal without echo.
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
  quiet.c_lflag |= ECHONL;
  if (auto asked = base::write_all(tty.get(), base::view(prompt)); !asked) return base::pass(asked);
  if (::tcsetattr(tty.get(), TCSAFLUSH, &quiet) < 0) return base::fail_errno("tcsetattr");
  base::SecretBytes buffer(4096);
  std::size_t size = 0;
  auto read = read_line_into(tty.get(), buffer, size);
  ::tcsetattr(tty.get(), TCSAFLUSH, &before);
  if (!read) return base::pass(read);
  return cut(buffer, size);
}

base::Result<base::SecretBytes> ask_secret_twice(const std::string& prompt) {
  auto first = read_secret_line(prompt + ": ");
  if (!first) return base::pass(first);
  auto second = read_secret_line("Once more: ");
  if (!second) return base::pass(second);
  if (!base::equal_constant_time(first->view(), second->view())) {
    return base::fail(base::Errc::invalid, "the two inputs differ");
  }
  return std::move(*first);
}

base::Result<base::SecretBytes> read_secret_stdin(std::size_t max_bytes, Strip strip) {
  base::SecretBytes buffer(max_bytes + 1);
  std::size_t size = 0;
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, buffer.data() + size, buffer.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno("standard input");
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
    if (size > max_bytes) {
      return base::fail(base::Errc::full, "standard input holds more than " + std::to_string(max_bytes) + " bytes");
    }
  }
  if (strip == Strip::line && size > 0 && buffer.data()[size - 1] == '\n') --size;
  if (strip == Strip::line && size > 0 && buffer.data()[size - 1] == '\r') --size;
  if (size == 0) return base::fail(base::Errc::invalid, "standard input is empty");
  return cut(buffer, size);
}

void catch_interrupts() {
  handle(SIGINT, on_end);
  handle(SIGTERM, on_end);
  handle(SIGHUP, on_end);
}

bool interrupted() {
  return g_interrupted != 0;
}

base::Result<ScreenGuard> ScreenGuard::take() {
  termios before{};
  if (::isatty(STDOUT_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &before) < 0) {
    return base::fail(base::Errc::unsupported, "this needs a terminal on standard input and output");
  }
  catch_interrupts();
  handle(SIGWINCH, on_resize);
  termios raw = before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0) return base::fail_errno("tcsetattr");
  ScreenGuard guard(before);
  guard.write(kEnter);
  return guard;
}

ScreenGuard::ScreenGuard(ScreenGuard&& o) noexcept : before_(o.before_), active_(std::exchange(o.active_, false)) {}

ScreenGuard::~ScreenGuard() {
  if (!active_) return;
  write(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) handle(signal, SIG_DFL);
}

bool ScreenGuard::take_resized() {
  const bool resized = g_resized != 0;
  g_resized = 0;
  return resized;
}

void ScreenGuard::write(const std::string& bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && g_interrupted == 0) {
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno != EINTR) {
      g_interrupted = 1;  // the terminal is gone
      return;
    }
    if (n > 0) at += static_cast<std::size_t>(n);
  }
  if (g_interrupted != 0 && at < bytes.size()) {
    // Leaving: one try, without waiting for a terminal that may be stopped or gone.
    [[maybe_unused]] const ssize_t ignored = ::write(STDOUT_FILENO, bytes.data() + at, bytes.size() - at);
  }
}

Key wait_key(int timeout_ms, int other_fd) {
  std::array<pollfd, 2> fds{{{STDIN_FILENO, POLLIN, 0}, {other_fd, POLLIN, 0}}};
  const int n = ::poll(fds.data(), other_fd < 0 ? 1 : 2, timeout_ms);
  if (n <= 0 || (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0) return Key::none;
  char byte = 0;
  if (::read(STDIN_FILENO, &byte, 1) != 1) return Key::quit;
  switch (byte) {
    case 'q':
    case 'Q':
    case 3:
      return Key::quit;
    case ' ':
    case 'p':
      return Key::pause;
    case '+':
    case '>':
      return Key::faster;
    case '-':
    case '<':
      return Key::slower;
    default:
      return Key::other;
  }
}

}  // namespace sallyport::cli
