// SPDX-License-Identifier: Apache-2.0
// For tests only: workers on threads of their own, the test's peers and broker on the test's thread.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "base/clock.h"
#include "leg/ssh/small_broker_test.h"
#include "leg/ssh/ssh_end_test.h"
#include "leg/zygote.h"

namespace sallyport::leg::ssh::testing {

inline constexpr std::int64_t kDeadlineUs = 20'000'000;

/// Two ends of a stream, as a TCP connection would be; small buffers make back-pressure quick to see.
inline std::pair<base::Fd, base::Fd> stream_pair(int buffer_bytes = 0) {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
  for (const int fd : fds) {
    if (buffer_bytes > 0) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
  }
  return {base::Fd(fds[0]), base::Fd(fds[1])};
}

class Stage {
 public:
  base::SystemClock clock;
  base::SystemRandom random;
  SmallBroker broker{random};
  keys::PrivateKey target_key = *keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random);
  std::unique_ptr<SshEnd> client, target;
  int front_status = -1, back_status = -1;

  ~Stage() {
    broker.front.reset();
    broker.back.reset();
    client.reset();
    target.reset();
    for (auto& t : threads_) t.join();
  }

  /// run: a worker's main function.
  template <class Run>
  void add_front(Run run, cs::TransportConfig config = {}) {
    config.role = cs::Role::client;
    auto [broker_fd, peer_fd] = launch(run, front_status);
    broker.front = std::move(broker_fd);
    client = std::make_unique<SshEnd>(std::move(peer_fd), std::move(config), random);
    client->on_auth = [this](base::ByteView p) {
      if (cs::is(p, cs::MessageNumber::userauth_success)) client->set_live();
      auth_replies.push_back(base::to_bytes(p));
    };
  }
  template <class Run>
  void add_back(Run run, cs::TransportConfig config = {}) {
    config.role = cs::Role::server;
    config.host_key_algorithms = {"ssh-ed25519"};
    auto [broker_fd, peer_fd] = launch(run, back_status);
    broker.back = std::move(broker_fd);
    target = std::make_unique<SshEnd>(std::move(peer_fd), std::move(config), random, &target_key);
    target->on_auth = [this](base::ByteView p) {
      if (cs::is(p, cs::MessageNumber::service_request)) {
        (void)target->transport().send(encode(cs::ServiceAccept{"ssh-userauth"}));
      } else if (cs::is(p, cs::MessageNumber::userauth_request)) {
        login_requests.push_back(base::to_bytes(p));
        if (!accept_login) return;
        (void)target->transport().send(encode(cs::UserauthSuccess{}));
        target->set_live();
      }
    };
  }
  bool accept_login = true;
  std::vector<base::Bytes> auth_replies, login_requests;

  /// Moves everybody on until done() holds; false at the deadline.
  template <class Done>
  [[nodiscard]] bool until(Done done) {
    const auto end = clock.monotonic_us() + kDeadlineUs;
    while (!done()) {
      if (clock.monotonic_us() > end) return false;
      step();
    }
    return true;
  }
  /// Moves everybody on for a while.
  void settle(std::int64_t us = 50'000) {
    const auto end = clock.monotonic_us() + us;
    while (clock.monotonic_us() < end) step();
  }

  void step() {
    broker.step();
    if (client) client->step();
    if (target) target->step();
    std::vector<pollfd> polls;
    const auto add = [&](int fd, bool out, bool in) {
      polls.push_back({fd, static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0)), 0});
    };
    if (broker.front && !broker.front_gone) add(broker.front->get(), false, true);
    if (broker.back && !broker.back_gone) add(broker.back->get(), false, true);
    for (SshEnd* end : {client.get(), target.get()}) {
      if (end != nullptr && !end->closed()) add(end->fd(), !end->transport().out_view().empty(), end->reading);
    }
    ::poll(polls.data(), polls.size(), 2);
  }

  /// The client gets through key exchange and login.
  void log_in() {
    (void)client->transport().send(encode(cs::ServiceRequest{"ssh-userauth"}));
    (void)client->transport().send(
        encode(cs::UserauthRequest{"alice", "ssh-connection", "none", cs::MethodNone{}}).view());
    ASSERT_TRUE(until([&] { return client->live() || client->closed(); }));
    ASSERT_TRUE(client->live()) << client->error;
  }
  cs::ChannelId open_session(std::uint32_t window = 2 << 20) {
    const auto id = client->connection().open(cs::OpenSession{}, window, 32768);
    EXPECT_TRUE(id);
    return *id;
  }

 private:
  template <class Run>
  std::pair<base::Fd, base::Fd> launch(Run run, int& status) {
    auto pair = ipc::make_socket_pair();
    auto [ours, theirs] = stream_pair();
    threads_.emplace_back([run, &status, worker = std::move(pair->worker), peer = std::move(theirs)]() mutable {
      status = run(WorkerSockets{worker.get(), peer.get()});
    });
    return {std::move(pair->broker), std::move(ours)};
  }

  std::vector<std::thread> threads_;
};

}  // namespace sallyport::leg::ssh::testing
