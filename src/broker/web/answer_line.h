// SPDX-License-Identifier: Apache-2.0
// The way from the main loop, where operations run, to the session loop of the connection that asked. Trusted side.
// What is on its way is counted, so that whoever has much to say waits for a client who does not read.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "ipc/web.pb.h"
#include "net/loop.h"

namespace sallyport::broker::web {

/// The connection's end, on its loop.
class Answered {
 public:
  virtual ~Answered() = default;
  virtual void answer(const ipc::BrokerToWeb& message) = 0;
  /// The last message of this answer was sent.
  virtual void answer_ended(std::uint64_t number) = 0;
  virtual bool congested() const = 0;
};

class AnswerLine : public std::enable_shared_from_this<AnswerLine> {
 public:
  static constexpr std::size_t kReadyBytes = 128 * 1024;

  AnswerLine(net::Loop& main_loop, net::Loop& loop, std::weak_ptr<Answered> connection, std::uint64_t number)
      : main_loop_(main_loop), loop_(loop), connection_(std::move(connection)), number_(number) {}

  std::uint64_t number() const { return number_; }

  // Any thread.
  bool open() const { return open_; }
  bool ready() const { return open_ && on_the_way_ < kReadyBytes; }
  /// Nobody is there to be answered any more.
  void hang_up();
  void send(ipc::BrokerToWeb message, bool last);

  // Main loop.
  /// Calls back once, from the main loop and never from within this call; replaces an earlier one.
  void when_ready(std::function<void()> callback);

  // The connection's loop.
  /// The client has taken what was congested.
  void drained();

 private:
  void deliver(const ipc::BrokerToWeb& message, std::size_t size, bool last);
  void wake();

  net::Loop& main_loop_;
  net::Loop& loop_;
  const std::weak_ptr<Answered> connection_;
  const std::uint64_t number_;
  std::atomic<bool> open_ = true;
  std::atomic<std::size_t> on_the_way_ = 0;
  std::atomic<bool> awaited_ = false;
  std::size_t held_ = 0;            // of on_the_way_: sent while congested; the connection's loop alone
  std::function<void()> callback_;  // the main loop alone
};

}  // namespace sallyport::broker::web
