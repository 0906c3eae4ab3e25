// SPDX-License-Identifier: Apache-2.0
// The floor under keystroke latency: one byte from a client through front, broker and back to an echoing target and
// back, over TCP on loopback, contained workers, each message sealed (XChaCha20-Poly1305) and written to a file by the
// broker before it goes on; no SSH, no judging. Beside it the same client and target without anything between. Prints a
// line of JSON for each: p50 and p99 in microseconds; for the gate also what a worker holds while idle.
//   leg_echo [KEYSTROKES]     5000 by default; pwrite goes to a file in the current directory, removed at once
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "ipc/seqpacket.h"
#include "ipc/zygote.pb.h"
#include "ipc/zygote_process.h"

namespace {

using namespace sallyport;
using base::Fd;

constexpr int kWarmUp = 200;
constexpr uid_t kNobody = 65534;
/// Between keystrokes, so that every process has gone to sleep, as it has between a person's.
constexpr auto kPause = std::chrono::microseconds(300);

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "leg_echo: %s\n", what.c_str());
  std::_Exit(1);
}

template <class T>
T need(base::Result<T> r) {
  if (!r) die(r.message());
  return std::move(*r);
}

/// Two ends of one TCP connection on loopback.
std::array<Fd, 2> tcp_pair() {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), generic, size) < 0 || ::listen(listener.get(), 1) < 0) die("no loopback");
  ::getsockname(listener.get(), generic, &size);
  Fd near(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(near.get(), generic, size) < 0) die("connect");
  Fd far(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const int on = 1;
  for (const Fd* fd : {&near, &far}) ::setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return {std::move(near), std::move(far)};
}

pid_t start_target(const Fd& socket) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  char byte;
  while (::read(socket.get(), &byte, 1) == 1) {
    if (::write(socket.get(), &byte, 1) != 1) break;
  }
  std::_Exit(0);
}

/// Types and waits for each echo; prints the line and ends.
[[noreturn]] void type_keystrokes(const Fd& socket, int count, const char* path) {
  std::vector<double> us;
  for (int i = 0; i < kWarmUp + count; ++i) {
    const auto pause = std::chrono::steady_clock::now() + kPause;
    const timespec nap{0, std::chrono::nanoseconds(kPause).count()};
    while (std::chrono::steady_clock::now() < pause) ::nanosleep(&nap, nullptr);
    const auto start = std::chrono::steady_clock::now();
    char byte = 'k';
    if (::write(socket.get(), &byte, 1) != 1 || ::read(socket.get(), &byte, 1) != 1) die("the echo stopped");
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    if (i >= kWarmUp) us.push_back(took.count());
  }
  std::sort(us.begin(), us.end());
  std::printf("{\"bench\":\"leg_echo\",\"path\":\"%s\",\"keystrokes\":%d,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", path,
              count, us[us.size() / 2], us[us.size() * 99 / 100]);
  std::fflush(stdout);
  std::_Exit(0);
}

void end(pid_t pid) {
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

void measure_direct(int count) {
  auto ends = tcp_pair();
  const pid_t target = start_target(ends[1]);
  const pid_t client = ::fork();
  if (client == 0) type_keystrokes(ends[0], count, "direct");
  ::waitpid(client, nullptr, 0);
  end(target);
}

struct Leg {
  ipc::ZygoteProcess zygote;
  pid_t worker = -1;
  Fd socket;
};

std::string next_message(const Fd& fd) {
  base::Bytes buffer(ipc::kMaxMessageBytes);
  for (;;) {
    const auto got = need(ipc::receive(fd.get(), buffer));
    if (got.transfer == ipc::Transfer::closed) die("a zygote ended");
    if (got.transfer == ipc::Transfer::done) return std::string(reinterpret_cast<char*>(buffer.data()), got.bytes);
    pollfd p{fd.get(), POLLIN, 0};
    ::poll(&p, 1, -1);
  }
}

ipc::ZygoteReply next_reply(const Fd& fd) {
  ipc::ZygoteReply reply;
  if (!reply.ParseFromString(next_message(fd))) die("a zygote spoke nonsense");
  if (reply.has_failed()) die(reply.failed().what() + "\n" + reply.failed().remedy());
  return reply;
}

Leg start_leg(const std::string& program, const Fd& peer) {
  std::optional<ipc::WorkerIdentity> identity;
  if (::geteuid() == 0) identity = {kNobody, kNobody};
  Leg leg;
  leg.zygote = need(ipc::start_zygote(program, identity));
  next_reply(leg.zygote.control);
  auto pair = need(ipc::make_socket_pair());
  if (!base::set_nonblocking(peer.get())) die("fcntl");
  ipc::SpawnRequest request;
  request.set_number(1);
  const std::string bytes = request.SerializeAsString();
  const int fds[] = {pair.worker.get(), peer.get()};
  need(ipc::send_with_fds(leg.zygote.control.get(), base::view(bytes), fds));
  leg.worker = next_reply(leg.zygote.control).spawned().pid();
  leg.socket = std::move(pair.broker);
  return leg;
}

/// What the broker does with each message: seal, write, and only then let it go on.
class Gate {
 public:
  Gate() : file_(::open("leg_echo.tail", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    ::unlink("leg_echo.tail");
    if (!file_ || ::posix_fallocate(file_.get(), 0, kFileBytes) != 0) die("no file to write to");
    ::randombytes_buf(key_.data(), key_.size());
  }

  void pass(const Fd& from, const Fd& to) {
    for (;;) {
      const auto got = need(ipc::receive(from.get(), buffer_));
      if (got.transfer != ipc::Transfer::done) return;
      const base::ByteView message(buffer_.data(), got.bytes);
      std::memcpy(nonce_.data(), &counter_, sizeof(counter_));
      ++counter_;
      unsigned long long size = 0;
      ::crypto_aead_xchacha20poly1305_ietf_encrypt(sealed_.data(), &size, message.data(), message.size(), nullptr, 0,
                                                   nullptr, nonce_.data(), key_.data());
      if (offset_ + static_cast<off_t>(size) > kFileBytes) offset_ = 0;
      if (::pwrite(file_.get(), sealed_.data(), size, offset_) != static_cast<ssize_t>(size)) die("pwrite");
      offset_ += static_cast<off_t>(size);
      need(ipc::send(to.get(), message));
    }
  }

 private:
  static constexpr off_t kFileBytes = 1 << 20;
  Fd file_;
  off_t offset_ = 0;
  std::uint64_t counter_ = 0;
  std::array<std::uint8_t, crypto_aead_xchacha20poly1305_ietf_KEYBYTES> key_{};
  std::array<std::uint8_t, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES> nonce_{};
  base::Bytes buffer_ = base::Bytes(ipc::kMaxMessageBytes);
  base::Bytes sealed_ = base::Bytes(ipc::kMaxMessageBytes + crypto_aead_xchacha20poly1305_ietf_ABYTES);
};

/// KiB from /proc/PID/smaps_rollup, where this user may look.
void print_memory(pid_t worker, const char* name) {
  std::ifstream in("/proc/" + std::to_string(worker) + "/smaps_rollup");
  long pss = -1;
  long private_kib = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Pss:")) pss = std::atol(line.c_str() + 4);
    if (line.starts_with("Private_")) private_kib += std::atol(line.c_str() + line.find(':') + 1);
  }
  if (pss < 0) return;
  std::printf("{\"bench\":\"leg_echo\",\"worker\":\"%s\",\"pss_kib\":%ld,\"private_kib\":%ld}\n", name, pss,
              private_kib);
}

void measure_gate(int count, const std::string& program) {
  auto user = tcp_pair();
  auto host = tcp_pair();
  const pid_t target = start_target(host[1]);
  Leg front = start_leg(program, user[1]);
  Leg back = start_leg(program, host[0]);
  const pid_t client = ::fork();
  if (client == 0) type_keystrokes(user[0], count, "front-broker-back");
  Gate gate;
  std::array<pollfd, 2> polls{{{front.socket.get(), POLLIN, 0}, {back.socket.get(), POLLIN, 0}}};
  int status = 0;
  while (::waitpid(client, &status, WNOHANG) == 0) {
    if (::poll(polls.data(), polls.size(), 100) <= 0) continue;
    if (polls[0].revents != 0) gate.pass(front.socket, back.socket);
    if (polls[1].revents != 0) gate.pass(back.socket, front.socket);
  }
  print_memory(front.worker, "front");
  print_memory(back.worker, "back");
  end(target);
  for (Leg* leg : {&front, &back}) {
    end(leg->worker);
    end(leg->zygote.pid);
  }
}

std::string worker_program(const char* self) {
  const std::string path = self;
  const auto slash = path.rfind('/');
  return (slash == std::string::npos ? "." : path.substr(0, slash)) + "/leg_echo_worker";
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 5000;
  if (count < 100 || argc > 2) {
    std::fprintf(stderr, "usage: leg_echo [KEYSTROKES]   (at least 100)\n");
    return 2;
  }
  if (::sodium_init() < 0) die("libsodium");
  measure_direct(count);
  measure_gate(count, worker_program(argv[0]));
  return 0;
}
