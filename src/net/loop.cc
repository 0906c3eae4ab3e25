// SPDX-License-Identifier: Apache-2.0
// The event loop, over Asio's io_context.
#include "net/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>

namespace sallyport::net {

namespace asio = boost::asio;

struct Loop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  // Has the reactor made now: its own descriptors might not be there to be had when the first watch comes.
  asio::posix::stream_descriptor unused{context};
  std::atomic<std::thread::id> thread{};
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->thread = std::this_thread::get_id();
  impl_->context.run();
  impl_->thread = std::thread::id{};
}

void Loop::stop() {
  impl_->context.stop();
}
void Loop::post(std::function<void()> work) {
  asio::post(impl_->context, std::move(work));
}
bool Loop::here() const {
  return impl_->thread == std::this_thread::get_id();
}

struct Watch::State : std::enable_shared_from_this<Watch::State> {
  State(Loop& loop, int fd) : descriptor(loop.impl().context, fd) {}

  asio::posix::stream_descriptor descriptor;
  std::function<void()> readable, writable;
  bool want_read = false, want_write = false, waiting_read = false, waiting_write = false, gone = false;

  void arm_read() {
    if (gone || !want_read || waiting_read) return;
    waiting_read = true;
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            self->waiting_read = false;
                            if (error || self->gone) return;
                            if (self->want_read) self->readable();
                            self->arm_read();
                          });
  }

  void arm_write() {
    if (gone || !want_write || waiting_write) return;
    waiting_write = true;
    descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            self->waiting_write = false;
                            if (error || self->gone) return;
                            if (self->want_write) self->writable();
                            self->arm_write();
                          });
  }
};

Watch::Watch(Loop& loop, int fd) : state_(std::make_shared<State>(loop, fd)) {}

Watch::~Watch() {
  state_->gone = true;
  state_->descriptor.release();  // cancels the waits; the descriptor stays its owner's
}

void Watch::on_readable(std::function<void()> callback) {
  state_->readable = std::move(callback);
}
void Watch::on_writable(std::function<void()> callback) {
  state_->writable = std::move(callback);
}

void Watch::enable_read(bool on) {
  state_->want_read = on;
  state_->arm_read();
}

void Watch::enable_write(bool on) {
  state_->want_write = on;
  state_->arm_write();
}

struct Timer::State {
  explicit State(Loop& loop) : timer(loop.impl().context) {}
  asio::steady_timer timer;
  std::uint64_t generation = 0;
};

Timer::Timer(Loop& loop) : state_(std::make_shared<State>(loop)) {}
Timer::~Timer() {
  cancel();
}

void Timer::after_us(std::int64_t delay_us, std::function<void()> callback) {
  const std::uint64_t generation = ++state_->generation;
  state_->timer.expires_after(std::chrono::microseconds(delay_us));
  state_->timer.async_wait(
      [state = state_, generation, callback = std::move(callback)](const boost::system::error_code& error) {
        if (!error && state->generation == generation) callback();
      });
}

void Timer::cancel() {
  ++state_->generation;
  state_->timer.cancel();
}

}  // namespace sallyport::net
