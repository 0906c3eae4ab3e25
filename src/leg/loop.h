// SPDX-License-Identifier: Apache-2.0
// The event loop of a worker: ppoll and nothing else, since the sandbox refuses epoll, timerfd and eventfd creation.
// Untrusted side. Allocates when something is registered, never when something happens.
#pragma once

#include <poll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "leg/expectation.h"

namespace sallyport::leg {

class Loop {
 public:
  using WatchId = std::uint32_t;
  using TimerId = std::uint64_t;
  /// revents as poll(2) reports them; POLLHUP and POLLERR come unasked.
  using FdHandler = std::function<void(short revents)>;
  enum class Before { sleep, poll_at_once };

  explicit Loop(const base::Clock& clock) : clock_(clock) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls back while any of events (POLLIN, POLLOUT, 0) holds. The descriptor stays the caller's and must outlive the
  /// watch.
  WatchId watch(int fd, short events, FdHandler handler);
  /// Cheap; may be called from handlers. While events is 0, hang-up is still reported.
  void set_events(WatchId id, short events);
  short events(WatchId id) const { return slots_[id].events; }
  /// No call to the handler begins after this. Safe inside any handler, its own too.
  void unwatch(WatchId id);

  /// Calls back once, no earlier than delay from now. A timer may cancel or set others, itself again too.
  TimerId after(base::Micros delay_us, std::function<void()> handler);
  /// An id that has fired or was cancelled is ignored.
  void cancel(TimerId id);

  /// Called before every wait, in the order of registration: to flush what handlers gathered, and to arm wake-ups of
  /// shared memory. poll_at_once means "there is more to do": the wait then only looks.
  void before_wait(std::function<Before()> hook);

  /// Before it sleeps, the loop looks for so long whether anything has come, and lets others run between two looks. For
  /// an answer that comes within microseconds: sleeping and being woken takes longer. Tells whose whether it came.
  void linger(base::Micros for_us, Expectation& whose);

  /// Until stop(); returns its status. An error of ppoll that is not EINTR is our own bug and aborts.
  int run();
  /// From inside a handler. The first status stays.
  void stop(int status);
  bool stopping() const { return stopping_; }

 private:
  struct Slot {
    int fd = -1;
    short events = 0;
    bool used = false;
    FdHandler handler;
  };
  struct Timer {
    TimerId id = 0;
    base::Micros due = 0;
    std::function<void()> handler;
  };
  Before run_hooks();
  void wait(Before before);
  bool came_while_lingering();
  void dispatch();
  void fire_timers();
  void sweep();

  const base::Clock& clock_;
  std::deque<Slot> slots_;     // a deque: a handler that registers another must not move itself
  std::vector<pollfd> polls_;  // parallel to slots_; fd -1 where unused
  std::vector<Timer> timers_;  // few: scanned
  std::deque<std::function<Before()>> hooks_;
  std::vector<WatchId> dead_;  // unwatched slots whose handlers are destroyed between wake-ups
  Expectation* lingering_for_ = nullptr;
  base::Micros linger_until_ = 0;
  TimerId last_timer_ = 0;
  int status_ = 0;
  bool stopping_ = false;
};

}  // namespace sallyport::leg
