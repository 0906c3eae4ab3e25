// SPDX-License-Identifier: Apache-2.0
// Supervisors come and go.
#include "broker/session/session_supervision.h"

#include <algorithm>
#include <utility>

#include "base/text_time.h"
#include "broker/session/time_limit.h"

namespace sallyport::broker {

namespace {

base::Micros wait_us(const Supervision& supervision) {
  std::int64_t seconds = supervision.rules().front().wait_seconds;
  for (const policy::SupervisorRule& rule : supervision.rules()) seconds = std::min(seconds, rule.wait_seconds);
  return seconds * 1'000'000;
}

}  // namespace

void SessionSupervision::begin(std::shared_ptr<SessionHandle> handle) {
  handle_ = std::move(handle);
  look();
}

void SessionSupervision::stop() {
  if (!handle_) return;
  handle_.reset();
  alarm_.cancel();
  for (const Known& one : std::exchange(known_, {})) note_end(one);
}

void SessionSupervision::look() {
  if (!handle_) return;
  const Supervision now = handle_->supervision();
  note_who(now.present());
  if (!handle_) return;  // the record failed
  if (!handle_->settle_supervision()) return await(now);
  if (std::exchange(waits_, false)) alarm_.cancel();
  was_supervised_ = true;
  owner_.supervised();
}

void SessionSupervision::note_who(const std::vector<Supervision::Present>& present) {
  std::vector<Known> known;
  for (Known& one : std::exchange(known_, {})) {
    if (std::find(present.begin(), present.end(), one.who) != present.end()) {
      known.push_back(std::move(one));
    } else {
      note_end(one);
    }
  }
  for (const Supervision::Present& who : present) {
    const bool is_known = std::any_of(known.begin(), known.end(), [&who](const Known& one) { return one.who == who; });
    if (is_known) continue;
    known.push_back({who, clock_.now_us()});
    owner_.note_supervision("supervise", who.actor, "");
    owner_.tell_supervised("Sallyport: " + who.actor + " supervises this session.");
  }
  if (handle_) known_ = std::move(known);
}

void SessionSupervision::note_end(const Known& one) {
  owner_.note_supervision("unsupervise", one.who.actor, "since " + base::to_rfc3339(one.since_us));
}

// The time runs from the moment at which the last one left, whoever comes and goes without being enough.
void SessionSupervision::await(const Supervision& now) {
  if (std::exchange(waits_, true)) return;
  const std::string whom = supervisors_text(now.rules());
  const std::string time = spoken_duration(wait_us(now));
  owner_.note_supervision("await-supervisor", "sallyport", whom);
  owner_.tell_waiting((was_supervised_ ? "Sallyport: a supervisor of this session is missing now, so it is paused. "
                                       : "Sallyport: this session needs a supervisor who watches it. ") +
                      std::string("It goes on when there is ") + whom + ", and ends after " + time + " without.");
  alarm_.after_us(wait_us(now), [this] {
    owner_.supervisor_missing("no supervisor", "Sallyport: nobody supervises this session, so it ends.");
  });
}

}  // namespace sallyport::broker
