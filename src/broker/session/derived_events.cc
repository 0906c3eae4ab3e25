// SPDX-License-Identifier: Apache-2.0
// Checks.
#include "broker/session/derived_events.h"

#include <algorithm>

#include "broker/node/queue_cost.h"
#include "event/event.pb.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

namespace {

base::Status check_as_of(std::uint64_t as_of, std::uint64_t last, std::uint64_t sent_up_to) {
  if (as_of > sent_up_to) return fail(Errc::corrupt, "a derived event as of what was not sent");
  if (as_of < last) return fail(Errc::corrupt, "a derived event as of what lies behind the last one");
  return {};
}

}  // namespace

void DerivedEvents::allow(std::size_t bytes) {
  allowance_ = std::min(allowance_ + bytes, kMaxAllowance);
}

base::Status DerivedEvents::spend(std::size_t bytes) {
  const std::size_t cost = queue_cost(bytes);
  if (cost > allowance_) return fail(Errc::full, "more derived events than what it read can come to");
  allowance_ -= cost;
  return {};
}

base::Status DerivedEvents::check(const event::Keyframe& keyframe, std::uint64_t sent_up_to) {
  Screen& screen = screens_[keyframe.channel()];
  if (auto fits = check_as_of(keyframe.as_of(), screen.as_of, sent_up_to); !fits) return fits;
  if (keyframe.columns() == 0 || keyframe.columns() > kMaxColumns || keyframe.rows() == 0 ||
      keyframe.rows() > kMaxRows) {
    return fail(Errc::corrupt, "a screen of an impossible size");
  }
  if (!screen.goes_on) {
    screen = {keyframe.as_of(), keyframe.columns(), keyframe.rows(), 0, false};
  } else if (screen.as_of != keyframe.as_of() || screen.columns != keyframe.columns() ||
             screen.rows != keyframe.rows()) {
    return fail(Errc::corrupt, "parts of two screens in one");
  }
  screen.bytes += keyframe.ansi().size();
  screen.goes_on = keyframe.more();
  if (screen.bytes > kMaxScreenBytes) return fail(Errc::full, "a screen larger than any");
  return spend(keyframe.ansi().size());
}

base::Status DerivedEvents::check(const event::TerminalState& state, std::uint64_t sent_up_to) {
  std::uint64_t& last = states_[state.channel()];
  if (auto fits = check_as_of(state.as_of(), last, sent_up_to); !fits) return fits;
  last = state.as_of();
  if (state.traits_size() > kMaxTraits) return fail(Errc::corrupt, "too many traits of a terminal");
  return spend(static_cast<std::size_t>(state.traits_size()));
}

}  // namespace sallyport::broker
