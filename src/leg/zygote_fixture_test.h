// SPDX-License-Identifier: Apache-2.0
// What the zygote tests share: a real zygote whose workers obey whatever they are asked.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "ipc/seqpacket.h"
#include "ipc/zygote.pb.h"
#include "ipc/zygote_process.h"

namespace sallyport::leg {

using base::Fd;
using ipc::Transfer;

constexpr int kPatienceMs = 20000;
constexpr uid_t kNobody = 65534;

inline bool wait_readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, kPatienceMs) == 1;
}

/// The next message as text; empty when the other side is gone.
inline std::string next_message(int fd) {
  base::Bytes buffer(ipc::kMaxMessageBytes);
  for (;;) {
    auto r = ipc::receive(fd, buffer);
    if (!r || r->transfer == Transfer::closed) return "";
    if (r->transfer == Transfer::done) return std::string(reinterpret_cast<char*>(buffer.data()), r->bytes);
    if (!wait_readable(fd)) return "(nothing came)";
  }
}

struct Worker {
  pid_t pid = -1;
  Fd pidfd;
  Fd socket;
  Fd peer;

  std::string ask(std::string_view order, std::span<const int> fds = {}) {
    auto sent = ipc::send_with_fds(socket.get(), base::view(order), fds);
    if (!sent || *sent != Transfer::done) return "(not sent)";
    return next_message(socket.get());
  }
  ipc::Ending end() {
    if (!wait_readable(pidfd.get())) {
      ADD_FAILURE() << "the worker lives on";
      return {};
    }
    auto ending = ipc::reap(pidfd);
    return ending && *ending ? **ending : ipc::Ending{};
  }
};

struct Zygote {
  ipc::ZygoteProcess process;
  std::uint64_t number = 0;

  ipc::ZygoteReply reply() {
    ipc::ZygoteReply out;
    EXPECT_TRUE(out.ParseFromString(next_message(process.control.get())));
    return out;
  }
  Worker spawn() {
    Worker worker;
    auto pair = std::move(ipc::make_socket_pair().value());
    int peer[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, peer), 0);
    Fd peer_for_worker(peer[1]);
    worker.peer = Fd(peer[0]);
    ipc::SpawnRequest request;
    request.set_number(++number);
    const std::string bytes = request.SerializeAsString();
    const int fds[] = {pair.worker.get(), peer_for_worker.get()};
    EXPECT_EQ(ipc::send_with_fds(process.control.get(), base::view(bytes), fds).value(), Transfer::done);
    const auto answer = reply();
    EXPECT_EQ(answer.spawned().number(), number) << answer.failed().what();
    worker.pid = answer.spawned().pid();
    auto pidfd = ipc::adopt_worker(worker.pid);
    EXPECT_TRUE(pidfd) << pidfd.message();
    if (pidfd) worker.pidfd = std::move(*pidfd);
    worker.socket = std::move(pair.broker);
    return worker;
  }
  ~Zygote() {
    if (!process.pidfd) return;
    process.control.reset();
    EXPECT_TRUE(wait_readable(process.pidfd.get())) << "the zygote lives on";
    EXPECT_TRUE(ipc::kill_now(process.pidfd));
    EXPECT_TRUE(ipc::reap(process.pidfd));
  }
};

inline std::unique_ptr<Zygote> start() {
  auto zygote = std::make_unique<Zygote>();
  std::optional<ipc::WorkerIdentity> identity;
  if (::geteuid() == 0) identity = {kNobody, kNobody};
  auto process = ipc::start_zygote(SALLYPORT_HOSTILE_WORKER, identity);
  EXPECT_TRUE(process) << process.message();
  if (!process) return zygote;
  zygote->process = std::move(*process);
  const auto first = zygote->reply();
  EXPECT_TRUE(first.has_ready()) << first.failed().what() << "\n" << first.failed().remedy();
  return zygote;
}

inline std::string status_line(pid_t pid, std::string_view name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':') {
      const auto value = line.find_first_not_of(" \t", name.size() + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
  }
  return "(absent)";
}

}  // namespace sallyport::leg
