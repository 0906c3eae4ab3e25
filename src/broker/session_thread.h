// SPDX-License-Identifier: Apache-2.0
// A thread that runs session loops, and what the sessions pinned to it share. Trusted side.
#pragma once

#include <array>
#include <cstdint>
#include <thread>

#include "ipc/seqpacket.h"
#include "net/loop.h"

namespace sallyport::broker {

class SessionThread {
 public:
  SessionThread() : thread_([this] { loop_.run(); }) {}
  ~SessionThread() {
    loop_.stop();
    thread_.join();
  }
  SessionThread(const SessionThread&) = delete;
  SessionThread& operator=(const SessionThread&) = delete;

  net::Loop& loop() { return loop_; }
  /// Where workers' messages are received; its content is gone with the next one.
  std::span<std::uint8_t> receive_buffer() { return buffer_; }

 private:
  net::Loop loop_;
  std::array<std::uint8_t, ipc::kMaxMessageBytes> buffer_{};
  std::thread thread_;
};

}  // namespace sallyport::broker
