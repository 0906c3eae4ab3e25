// SPDX-License-Identifier: Apache-2.0
// A thread that runs session loops, and what the sessions pinned to it share. Trusted side.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>

#include "broker/node/home_cpu.h"
#include "ipc/seqpacket.h"
#include "net/loop.h"

namespace sallyport::broker {

class SessionThread {
 public:
  /// number: of this thread among the session threads.
  explicit SessionThread(unsigned number)
      : home_(number), thread_([this] {
          home_.begin();
          loop_.run();
        }) {}
  ~SessionThread() { stop(); }
  SessionThread(const SessionThread&) = delete;
  SessionThread& operator=(const SessionThread&) = delete;

  /// Ends the thread. The loop stays, so that others may still post to it in vain.
  void stop() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }

  net::Loop& loop() { return loop_; }
  HomeCpu& home() { return home_; }  ///< on this thread
  /// Where workers' messages are received; its content is gone with the next one.
  std::span<std::uint8_t> receive_buffer() { return buffer_; }

 private:
  net::Loop loop_;
  HomeCpu home_;
  std::array<std::uint8_t, ipc::kMaxMessageBytes> buffer_{};
  std::thread thread_;
};

/// Shared ownership of an object that must die on its loop's thread, wherever the last reference is dropped: errands on
/// other threads hold references too.
template <class T>
std::shared_ptr<T> pin_to(SessionThread& thread, std::unique_ptr<T> object) {
  return std::shared_ptr<T>(object.release(), [&thread](T* last) {
    auto owner = std::make_shared<std::unique_ptr<T>>(last);
    thread.loop().post([owner] { owner->reset(); });
  });
}

}  // namespace sallyport::broker
