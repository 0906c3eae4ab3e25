// SPDX-License-Identifier: Apache-2.0
// The limits of a policy on a session's time: how long it lasts, how long nothing may move, how long nothing may be
// typed. Each warns the user before it ends the session.
#include <algorithm>

#include "broker/session/session.h"
#include "event/event.pb.h"

namespace sallyport::broker {

void Session::start_limits() {
  const base::Micros now = services_.clock.monotonic_us();
  whole_limit_ = TimeLimit(grant_.limits.duration_seconds, now);
  idle_limit_ = TimeLimit(grant_.limits.idle_seconds, now);
  input_limit_ = TimeLimit(grant_.limits.input_idle_seconds, now);
  look_at_limits();
}

void Session::data_moved(Direction from, const Channel* channel) {
  const base::Micros now = services_.clock.monotonic_us();
  idle_limit_.restart(now);
  if (from == Direction::up && channel != nullptr && channel->pty) input_limit_.restart(now);
}

// Nobody can type into a session without a terminal. Of one that is held, nothing can move.
void Session::excuse_from_limits(base::Micros now) {
  const bool held = handle_->gate_shut();
  if (held) idle_limit_.restart(now);
  if (held || !book_.has_open_terminal()) input_limit_.restart(now);
}

void Session::look_at_limits() {
  if (phase_ != Phase::live) return;
  const base::Micros now = services_.clock.monotonic_us();
  excuse_from_limits(now);
  struct Limit {
    TimeLimit& limit;
    const char* reason;
    std::string warning, text;
  };
  const auto ends_in = [](const TimeLimit& limit) { return " It ends in " + spoken_duration(limit.warning_us()); };
  const Limit limits[] = {
      {whole_limit_, "time limit reached",
       "Sallyport: the time that the policy allows for this session is nearly over." + ends_in(whole_limit_) + ".",
       "Sallyport: the time that the policy allows for this session is over."},
      {idle_limit_, "idle",
       "Sallyport: nothing moves in this session." + ends_in(idle_limit_) + ", unless something does.",
       "Sallyport: nothing moved in this session for " + spoken_duration(idle_limit_.length_us()) +
           ", longer than the policy allows."},
      {input_limit_, "input idle",
       "Sallyport: nothing is typed in this session." + ends_in(input_limit_) + ", unless you type something.",
       "Sallyport: nothing was typed in this session for " + spoken_duration(input_limit_.length_us()) +
           ", longer than the policy allows."},
  };
  std::optional<base::Micros> next;
  for (const auto& [limit, reason, warning, text] : limits) {
    if (!limit.set()) continue;
    const TimeLimit::Step step = limit.look(now);
    if (step == TimeLimit::Step::cut) return end(reason, text);
    if (step == TimeLimit::Step::warn) warn(warning);
    if (phase_ != Phase::live) return;  // the record failed
    next = std::min(next.value_or(limit.next_look()), limit.next_look());
  }
  if (next) limits_.after_us(std::max<base::Micros>(1, *next - now), [this] { look_at_limits(); });
}

// The record shows what the user was told.
void Session::warn(const std::string& text) {
  event::Event event;
  event.mutable_control()->set_action("message");
  event.mutable_control()->set_actor("sallyport");
  event.mutable_control()->set_text(text);
  if (record_own(event)) tell_user(text);
}

}  // namespace sallyport::broker
