// SPDX-License-Identifier: Apache-2.0
// What a session costs, and what a failed login does to everybody else at the target, is spaced here.
#include "broker/session/session_turn.h"

namespace sallyport::broker {

SessionTurn::Answer SessionTurn::ask(base::Micros now) {
  if (since_us_ == 0) since_us_ = now;
  Answer out;
  out.wait_us = paced_ ? 0 : openings_.ask(user_, now);
  paced_ = out.wait_us == 0;
  if (paced_) {
    auto turn = logins_.ask(destination_.target, destination_.account, now);
    out.trial = std::move(turn.trial);
    if (out.trial) return out;
    if (turn.failures > 0) {
      out.refusal = spaced_out(turn);
      return out;
    }
    out.wait_us = turn.wait_us;
  }
  if (now + out.wait_us - since_us_ > longest_us_) out.refusal = too_late();
  return out;
}

SessionTurn::Answer::Refusal SessionTurn::too_late() const {
  if (!paced_) {
    return {"too_busy", "the user opens sessions too fast",
            "You open sessions faster than the gateway lets one user. Try again.", "its turn did not come"};
  }
  return {"too_busy", "other logins at the target were under way",
          "Other logins at the target '" + destination_.target + "' did not finish in time. Try again.",
          "its turn did not come"};
}

SessionTurn::Answer::Refusal SessionTurn::spaced_out(const LoginSpacing::Turn& turn) const {
  const std::string seconds = std::to_string(turn.next_us / 1'000'000 + 1);
  const std::string often = turn.failures == 1 ? "the last time" : std::to_string(turn.failures) + " times in a row";
  return {"login_spaced", "failed " + often + ", the next one in " + seconds + " s",
          "The target '" + destination_.target + "' did not accept the account '" + destination_.account + "' " +
              often + ". The gateway tries it again in " + seconds +
              " seconds at the earliest, so that the target does not shut out everybody. Tell an administrator.",
          "the login failed " + often};
}

}  // namespace sallyport::broker
