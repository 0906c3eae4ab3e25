// SPDX-License-Identifier: Apache-2.0
// A time on a session's loop at which something is due. Trusted side. An interface, so that a test lets the time come.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "net/loop.h"

namespace sallyport::broker {

class Alarm {
 public:
  virtual ~Alarm() = default;
  /// Calls back once, after the delay. Setting it again forgets the earlier call.
  virtual void after_us(std::int64_t delay_us, std::function<void()> callback) = 0;
  virtual void cancel() = 0;
};

class LoopAlarm final : public Alarm {
 public:
  explicit LoopAlarm(net::Loop& loop) : timer_(loop) {}
  void after_us(std::int64_t delay_us, std::function<void()> callback) override {
    timer_.after_us(delay_us, std::move(callback));
  }
  void cancel() override { timer_.cancel(); }

 private:
  net::Timer timer_;
};

}  // namespace sallyport::broker
