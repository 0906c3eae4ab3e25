// SPDX-License-Identifier: Apache-2.0
// One wake-up: broker messages and the peer's bytes are handled as they come; before the next wait everything they set
// in motion is moved, written out at once, and only then the loop sleeps.
#include "leg/worker_life.h"

#include <malloc.h>

#include <utility>

namespace sallyport::leg {

namespace {
constexpr base::Micros kFlushAtEndUs = 500'000;
// So long what a peer said last may stand still (a user who does not read, a record that does not grow) before it is
// given up. The broker can end the wait at any time.
constexpr base::Micros kDrainPatienceUs = 10'000'000;
constexpr base::Micros kIdleUs = 1'000'000;
// A key, and how soon a target on the same network echoes it.
constexpr std::size_t kKeyBytes = 64;
constexpr base::Micros kEchoUs = 300;
// What is kept of the peer's while the broker takes no events: the windows of a few uploads. A peer that is asked for a
// password is read a little further, to the answer.
constexpr std::size_t kMaxKeptBytes = 4 * 1024 * 1024;
constexpr std::size_t kMaxKeptForAnswerBytes = 32 * 1024 * 1024;
// Rounds of moving and writing before the loop looks at its descriptors again.
constexpr int kRounds = 4;
}  // namespace

WorkerLife::WorkerLife(WorkerSockets sockets, const base::Clock& clock)
    : clock_(clock),
      loop_(clock),
      link_(loop_, sockets.broker,
            [this](base::ByteView message, std::span<base::Fd> fds) { on_message(message, fds); }),
      port_(link_) {
  loop_.before_wait([this] { return before_wait(); });
  link_.on_clear([this] {
    port_.pump();
    if (peer_ != nullptr) peer_->wake();
  });
  link_.on_first([this] {
    if (peer_ != nullptr) peer_->flush();
  });
}

void WorkerLife::on_message(base::ByteView message, std::span<base::Fd> fds) {
  if (finishing_) return;
  const auto kind = static_cast<ipc::MessageKind>(message[0]);
  const bool event = kind == ipc::MessageKind::event || kind == ipc::MessageKind::event_part;
  if (draining_ && event) return;  // there is nobody to tell
  const base::ByteView body = message.subspan(1);
  base::Status done;
  if (kind == ipc::MessageKind::control) {
    done = on_control(body, fds);
  } else if (event && takes_events()) {
    done = take_event(kind, body);
  } else {
    done = base::fail(base::Errc::corrupt, "a message out of phase");
  }
  // Two ways to get here: the broker's message cannot be, or the connection could not take what it asked for.
  if (!done) break_off(done.error().message);
}

base::Status WorkerLife::take_event(ipc::MessageKind kind, base::ByteView part) {
  auto whole = joiner_.take(kind, part);
  if (!whole) return base::pass(whole);
  if (!*whole) return {};
  auto done = on_event(**whole);
  if (part.size() <= kKeyBytes && lingers_for_echo() && echo_.worth()) loop_.linger(kEchoUs, echo_);
  return done;
}

bool WorkerLife::holds_peer(Awaited awaited) const {
  if (finishing_ || port_.congested()) return true;
  return port_.kept_bytes() > (awaited == Awaited::yes ? kMaxKeptForAnswerBytes : kMaxKeptBytes);
}

Loop::Before WorkerLife::move_in_rounds() {
  for (int round = 0; !finishing_ && !draining_; ++round) {
    if (auto s = move(); !s) {
      break_off(s.error().message);
      break;
    }
    peer_->flush();
    if (!peer_->take_room()) break;
    made_room();
    if (round == kRounds) return Loop::Before::poll_at_once;
  }
  return Loop::Before::sleep;
}

Loop::Before WorkerLife::before_wait() {
  if (peer_ == nullptr) return Loop::Before::sleep;
  auto before = move_in_rounds();
  if (draining_ && !finishing_) drain_some();
  if (draining_ || finishing_) peer_->flush();
  if (arm() == Loop::Before::poll_at_once) before = Loop::Before::poll_at_once;
  stop_when_told();
  if (peer_->take_activity()) {
    active_ = true;
    if (!idle_timer_) look_for_idleness();
  }
  return before;
}

void WorkerLife::look_for_idleness() {
  idle_timer_ = true;
  active_ = false;
  loop_.after(kIdleUs, [this] {
    idle_timer_ = false;
    if (active_) return look_for_idleness();
    port_.give_back_buffers();
    give_back_buffers();
    ::malloc_trim(0);
  });
}

void WorkerLife::drain(std::string reason, Ending how) {
  draining_ = true;
  reason_ = std::move(reason);
  how_ = how;
  wait_for_drain();
}

void WorkerLife::wait_for_drain() {
  loop_.cancel(drain_timer_);
  drain_timer_ = loop_.after(kDrainPatienceUs, [this] { finish(std::move(reason_), how_); });
}

void WorkerLife::drain_some() {
  auto left = left_to_drain();
  if (!left) return finish(left.error().message, Ending::broken);
  if (*left == 0 && !port_.congested()) return finish(std::move(reason_), how_);
  if (*left != std::exchange(left_to_drain_, *left)) wait_for_drain();
}

void WorkerLife::break_off(std::string reason) {
  if (finishing_) return;
  say_broken();
  finish(std::move(reason), Ending::broken);
}

void WorkerLife::finish(std::string reason, Ending how) {
  if (finishing_) return;
  finishing_ = true;
  reason_ = std::move(reason);
  how_ = how;
  if (peer_ != nullptr) peer_->stop_reading();
  // Whatever does not go out in this time never will.
  loop_.after(kFlushAtEndUs, [this] {
    if (!told_) tell_ended(reason_, how_);
    told_ = true;
    loop_.stop(0);
  });
  if (peer_ == nullptr) stop_when_told();
}

void WorkerLife::stop_when_told() {
  if (!finishing_ || (peer_ != nullptr && !peer_->drained())) return;
  if (!told_) {
    told_ = true;
    tell_ended(reason_, how_);
  }
  if (!port_.congested()) loop_.stop(0);
}

}  // namespace sallyport::leg
