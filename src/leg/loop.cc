// SPDX-License-Identifier: Apache-2.0
// ppoll, a scan of the timers, and care about handlers that change what is being dispatched.
#include "leg/loop.h"

#include <sched.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace sallyport::leg {

namespace {
constexpr base::Micros kOthersRunUs = 100;  // between two looks
}  // namespace

Loop::WatchId Loop::watch(int fd, short events, FdHandler handler) {
  assert(fd >= 0);
  // A dead slot waits for sweep(): events of this wake-up must not reach a new owner.
  std::size_t i = 0;
  while (i < slots_.size() && (slots_[i].used || slots_[i].handler)) ++i;
  if (i == slots_.size()) {
    slots_.emplace_back();
    polls_.push_back({-1, 0, 0});
  }
  slots_[i] = Slot{fd, events, true, std::move(handler)};
  polls_[i] = {fd, events, 0};
  return static_cast<WatchId>(i);
}

void Loop::set_events(WatchId id, short events) {
  assert(id < slots_.size() && slots_[id].used);
  slots_[id].events = events;
  polls_[id].events = events;
}

void Loop::unwatch(WatchId id) {
  assert(id < slots_.size() && slots_[id].used);
  slots_[id].used = false;
  polls_[id].fd = -1;
  dead_.push_back(id);
}

Loop::TimerId Loop::after(base::Micros delay_us, std::function<void()> handler) {
  timers_.push_back({++last_timer_, clock_.monotonic_us() + std::max<base::Micros>(delay_us, 0), std::move(handler)});
  return last_timer_;
}

void Loop::cancel(TimerId id) {
  std::erase_if(timers_, [id](const Timer& t) { return t.id == id; });
}

void Loop::before_wait(std::function<Before()> hook) {
  hooks_.push_back(std::move(hook));
}

void Loop::stop(int status) {
  if (!stopping_) status_ = status;
  stopping_ = true;
}

int Loop::run() {
  while (!stopping_) {
    const Before before = run_hooks();
    if (stopping_) break;
    wait(before);
    dispatch();
    fire_timers();
    sweep();
  }
  return status_;
}

Loop::Before Loop::run_hooks() {
  Before before = Before::sleep;
  for (auto& hook : hooks_) {
    if (hook() == Before::poll_at_once) before = Before::poll_at_once;
    if (stopping_) break;
  }
  return before;
}

void Loop::linger(base::Micros for_us, Expectation& whose) {
  lingering_for_ = &whose;
  linger_until_ = clock_.monotonic_us() + for_us;
}

bool Loop::came_while_lingering() {
  Expectation& whose = *std::exchange(lingering_for_, nullptr);
  const timespec at_once{};
  int n = 0;
  for (base::Micros now = clock_.monotonic_us(); n == 0 && now < linger_until_;) {
    ::sched_yield();  // whoever gives the answer may need this processor for it
    n = ::ppoll(polls_.data(), polls_.size(), &at_once, nullptr);
    const base::Micros looked_at = std::exchange(now, clock_.monotonic_us());
    if (now - looked_at <= kOthersRunUs) continue;
    whose.give_up();  // somebody computes here: who yields again and again comes last
    return n > 0;
  }
  whose.came(n > 0);
  return n > 0;
}

void Loop::wait(Before before) {
  if (before == Before::sleep && lingering_for_ != nullptr && came_while_lingering()) return;
  timespec limit{};
  timespec* timeout = nullptr;
  if (before == Before::poll_at_once) {
    timeout = &limit;
  } else if (!timers_.empty()) {
    const auto first =
        std::min_element(timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) { return a.due < b.due; });
    const base::Micros left = std::max<base::Micros>(first->due - clock_.monotonic_us(), 0);
    limit.tv_sec = left / 1'000'000;
    limit.tv_nsec = (left % 1'000'000) * 1000;
    timeout = &limit;
  }
  const int n = ::ppoll(polls_.data(), polls_.size(), timeout, nullptr);
  if (n >= 0) return;
  if (errno != EINTR) std::abort();
  for (auto& p : polls_) p.revents = 0;
}

void Loop::fire_timers() {
  if (timers_.empty()) return;
  const base::Micros now = clock_.monotonic_us();
  const TimerId newest = last_timer_;  // those set from here on wait for the next round
  while (!stopping_) {
    auto next = timers_.end();
    for (auto t = timers_.begin(); t != timers_.end(); ++t) {
      if (t->due <= now && t->id <= newest && (next == timers_.end() || t->due < next->due)) next = t;
    }
    if (next == timers_.end()) return;
    auto handler = std::move(next->handler);
    timers_.erase(next);
    handler();
  }
}

void Loop::dispatch() {
  const std::size_t polled = polls_.size();
  for (std::size_t i = 0; i < polled && !stopping_; ++i) {
    const short revents = std::exchange(polls_[i].revents, short{0});
    if (revents == 0 || !slots_[i].used) continue;
    if ((revents & POLLNVAL) != 0) std::abort();  // somebody closed what is still watched
    slots_[i].handler(revents);
  }
}

void Loop::sweep() {
  for (const WatchId id : dead_) slots_[id] = Slot{};
  dead_.clear();
}

}  // namespace sallyport::leg
