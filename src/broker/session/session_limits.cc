// SPDX-License-Identifier: Apache-2.0
// Warnings and cuts.
#include "broker/session/session_limits.h"

#include <algorithm>
#include <optional>

namespace sallyport::broker {

void SessionLimits::start(const policy::Limits& limits) {
  const base::Micros now = clock_.monotonic_us();
  whole_ = TimeLimit(limits.duration_seconds, now);
  idle_ = TimeLimit(limits.idle_seconds, now);
  input_ = TimeLimit(limits.input_idle_seconds, now);
  look();
}

void SessionLimits::shorten(const policy::Limits& limits) {
  const base::Micros now = clock_.monotonic_us();
  whole_.shorten(limits.duration_seconds, now);
  idle_.shorten(limits.idle_seconds, now);
  input_.shorten(limits.input_idle_seconds, now);
  look();
}

void SessionLimits::data_moved(Direction from, const Channel* channel) {
  const base::Micros now = clock_.monotonic_us();
  idle_.restart(now);
  if (from == Direction::up && channel != nullptr && channel->pty) input_.restart(now);
}

// Nobody can type into a session without a terminal. Of one that is held, nothing can move.
void SessionLimits::excuse(base::Micros now) {
  const bool held = owner_.is_held();
  if (held) idle_.restart(now);
  if (held || !owner_.has_terminal()) input_.restart(now);
}

void SessionLimits::look() {
  const base::Micros now = clock_.monotonic_us();
  excuse(now);
  struct Limit {
    TimeLimit& limit;
    const char* reason;
    std::string warning, text;
  };
  const auto ends_in = [](const TimeLimit& limit) { return " It ends in " + spoken_duration(limit.warning_us()); };
  const Limit limits[] = {
      {whole_, "time limit reached",
       "Sallyport: the time that the policy allows for this session is nearly over." + ends_in(whole_) + ".",
       "Sallyport: the time that the policy allows for this session is over."},
      {idle_, "idle", "Sallyport: nothing moves in this session." + ends_in(idle_) + ", unless something does.",
       "Sallyport: nothing moved in this session for " + spoken_duration(idle_.length_us()) +
           ", longer than the policy allows."},
      {input_, "input idle",
       "Sallyport: nothing is typed in this session." + ends_in(input_) + ", unless you type something.",
       "Sallyport: nothing was typed in this session for " + spoken_duration(input_.length_us()) +
           ", longer than the policy allows."},
  };
  std::optional<base::Micros> next;
  for (const auto& [limit, reason, warning, text] : limits) {
    if (!limit.set()) continue;
    const TimeLimit::Step step = limit.look(now);
    if (step == TimeLimit::Step::cut) return owner_.time_is_up(reason, text);
    if (step == TimeLimit::Step::warn && !owner_.warn(warning)) return;
    next = std::min(next.value_or(limit.next_look()), limit.next_look());
  }
  if (next) timer_.after_us(std::max<base::Micros>(1, *next - now), [this] { look(); });
}

}  // namespace sallyport::broker
