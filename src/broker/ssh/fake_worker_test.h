// SPDX-License-Identifier: Apache-2.0
// A worker that the test plays: its end of the socket, a process that only waits to be killed, and what the broker's
// side heard, in order.
#pragma once

#include <google/protobuf/message_lite.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "broker/node/zygotes.h"
#include "ipc/message_kind.h"
#include "ipc/seqpacket.h"

namespace sallyport::broker {

/// What happened on another thread, in order. Whoever asks for the next waits, but not for ever.
class Heard {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(what));
    changed_.notify_all();
  }
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !all_.empty(); })) return "(nothing)";
    std::string out = std::move(all_.front());
    all_.pop_front();
    return out;
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return all_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> all_;
};

class FakeWorker {
 public:
  FakeWorker() {
    process_ = ::fork();
    if (process_ == 0) {
      ::syscall(SYS_close_range, 0U, ~0U, 0U);  // no copy of anybody's socket
      for (;;) ::pause();
    }
    auto pair = ipc::make_socket_pair();
    base::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
    if (!pair || pidfd.get() < 0) throw std::runtime_error("no worker");
    spawned_.emplace(process_, std::move(pidfd), std::move(pair->broker));
    socket_ = std::move(pair->worker);
  }

  /// The broker's part, once: whoever has it kills and reaps the process.
  SpawnedWorker spawned() { return std::move(*spawned_); }

  void say(const google::protobuf::MessageLite& message) {
    say(ipc::MessageKind::control, message.SerializeAsString());
  }
  void say(ipc::MessageKind kind, const std::string& payload) {
    base::Bytes bytes{static_cast<std::uint8_t>(kind)};
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    const auto sent = ipc::send(socket_.get(), bytes);
    ASSERT_TRUE(sent && *sent == ipc::Transfer::done);
  }
  /// A message that is made as long as this by a field that nobody reads.
  void say_padded(const google::protobuf::MessageLite& message, std::size_t bytes) {
    std::string out = message.SerializeAsString();
    const std::size_t missing = bytes - out.size() - 3;  // after the field's tag and two bytes of its length
    ASSERT_LT(missing, std::size_t{1} << 14);
    out += {'\x7a', static_cast<char>(0x80 | (missing & 0x7f)), static_cast<char>(missing >> 7)};
    say(ipc::MessageKind::control, out + std::string(missing, 'x'));
  }
  void say_event(const std::string& event) { say(ipc::MessageKind::event, event); }

  /// The next message of the broker; nothing when its end is closed.
  std::optional<std::pair<ipc::MessageKind, std::string>> hear() {
    pollfd wait{socket_.get(), POLLIN, 0};
    if (::poll(&wait, 1, 20'000) != 1) return std::nullopt;
    base::Bytes buffer(ipc::kMaxMessageBytes);
    const auto got = ipc::receive(socket_.get(), buffer, fds_);
    if (!got || got->transfer != ipc::Transfer::done) return std::nullopt;
    buffer.resize(got->bytes);
    return std::pair(static_cast<ipc::MessageKind>(buffer[0]), base::to_text(base::ByteView(buffer).subspan(1)));
  }
  /// The next message, which must be one of control; an empty one otherwise.
  template <class Message>
  Message hear_control() {
    Message out;
    const auto got = hear();
    EXPECT_TRUE(got && got->first == ipc::MessageKind::control);
    EXPECT_TRUE(got && out.ParseFromString(got->second));
    return out;
  }
  /// Takes what comes, until the broker's side has said something; not for ever.
  void drain_until_said(Heard& heard) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    base::Bytes buffer(ipc::kMaxMessageBytes);
    while (heard.empty() && std::chrono::steady_clock::now() < deadline) {
      (void)ipc::receive(socket_.get(), buffer, fds_);
    }
  }

  void leave() { socket_ = base::Fd(); }
  /// As after a refused system call or a fault in its memory.
  void crash(int signal) {
    ::kill(process_, signal);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOWAIT);
    leave();
  }
  /// The last descriptor that came with a message.
  base::Fd take_fd() { return std::move(fds_[0]); }

 private:
  pid_t process_ = 0;
  std::optional<SpawnedWorker> spawned_;
  base::Fd socket_;
  std::array<base::Fd, ipc::kMaxMessageFds> fds_;
};

}  // namespace sallyport::broker
