// SPDX-License-Identifier: Apache-2.0
// The broker's event loop: descriptors, timers and work from other threads, over Asio, which stays out of this header.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace sallyport::net {

/// One thread runs it; all methods but post() and stop() belong to that thread. Watches and timers must go before it.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();   ///< until stop()
  void stop();  ///< from any thread
  /// Runs the function on the loop's thread, in order of posting. From any thread, signal handlers excepted.
  void post(std::function<void()> work);
  /// Whether the caller is on the thread that runs the loop.
  bool here() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Calls back while a descriptor is ready. Does not own the descriptor, which must outlive it. A callback may destroy
/// its own watch. Level-triggered: it is called again while there is more to read.
class Watch {
 public:
  Watch(Loop& loop, int fd);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void on_readable(std::function<void()> callback);  ///< set once, before enable_read
  void on_writable(std::function<void()> callback);
  void enable_read(bool on);
  void enable_write(bool on);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

/// Calls back once after a delay. Setting it again forgets the earlier call. The callback may destroy the timer.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void after_us(std::int64_t delay_us, std::function<void()> callback);
  void cancel();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace sallyport::net
