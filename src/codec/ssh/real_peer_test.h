// SPDX-License-Identifier: Apache-2.0
// For tests only: a scratch folder with keys, a socket joined to a transport, and child processes.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "base/fd.h"
#include "codec/ssh/auth_messages.h"
#include "codec/ssh/connection.h"
#include "codec/ssh/transport.h"
#include "keys/private_key.h"

namespace sallyport::codec::ssh::testing {

using base::Bytes;
using base::ByteView;

inline constexpr std::uint32_t kWindow = 1 << 20;
inline constexpr std::uint32_t kMaxPacket = 32768;
inline constexpr int kDeadlineSeconds = 60;

inline base::Result<Bytes> hash_of(const KexEvidence& e, ByteView host_key) {
  return keys::exchange_hash({e.method, base::view(e.client_version), base::view(e.server_version), e.client_kexinit,
                              e.server_kexinit, host_key, e.client_public, e.server_public, e.shared_secret.view(),
                              e.group_prime, e.group_generator});
}

/// A scratch folder, a host key and a user key.
struct Scene {
  std::filesystem::path folder;
  base::SystemRandom random;
  keys::PrivateKey host_key = *keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random);
  keys::PrivateKey user_key = *keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random);

  Scene() {
    std::string name = (std::filesystem::temp_directory_path() / "codec-ssh-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~Scene() { std::filesystem::remove_all(folder); }
  std::string path(const char* name) const { return (folder / name).string(); }
  void write(const char* name, ByteView content) const { ASSERT_TRUE(base::replace_file(path(name), content, 0600)); }
  Bytes read(const char* name) const {
    auto content = base::read_file(path(name), 1ULL << 30);
    return content ? *content : Bytes();
  }
};

/// Moves bytes between a socket and a transport until `done`, the end, or the deadline.
class Wire {
 public:
  Wire(int fd, Transport& transport) : fd_(fd), transport_(transport) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  }

  template <class OnEvent, class Done>
  void run(OnEvent on_event, Done done) {
    const base::SystemClock clock;
    const auto deadline = clock.monotonic_us() + kDeadlineSeconds * 1'000'000LL;
    while (!done() && !failed) {
      ASSERT_LT(clock.monotonic_us(), deadline) << "the peer is stuck";
      take_events(on_event);
      if (!flush() || done()) break;
      const short wanted = static_cast<short>(POLLIN | (transport_.out_view().empty() ? 0 : POLLOUT));
      pollfd p{fd_, wanted, 0};
      ::poll(&p, 1, 1000);
      if ((p.revents & (POLLIN | POLLHUP)) && !fill()) break;
    }
    take_events(on_event);
    flush();
  }
  bool failed = false;
  std::string error;

 private:
  template <class OnEvent>
  void take_events(OnEvent on_event) {
    for (;;) {
      auto event = transport_.next();
      if (!event) {
        failed = true;
        error = event.message();
        return;
      }
      on_event(*event);
      if (event->kind == EventKind::none || event->kind == EventKind::disconnected) return;
    }
  }
  bool flush() {
    while (!transport_.out_view().empty()) {
      const ssize_t n = ::send(fd_, transport_.out_view().data(), transport_.out_view().size(), MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN;
      transport_.out_consume(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool fill() {
    const auto room = transport_.in_space();
    const ssize_t n = ::recv(fd_, room.data(), room.size(), 0);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    transport_.in_commit(static_cast<std::size_t>(n));
    return true;
  }
  int fd_;
  Transport& transport_;
};

/// Runs a shell command line in a child with a descriptor of ours as number 3; the child is in its own process group.
inline pid_t run_shell(const std::string& line, int keep_fd = -1) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (keep_fd >= 0) {
    ::dup2(keep_fd, 0);
    ::dup2(keep_fd, 1);
  }
  ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
  ::_exit(127);
}

inline int exit_status(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

inline bool has(const char* program) {
  return std::filesystem::exists(program);
}

}  // namespace sallyport::codec::ssh::testing
