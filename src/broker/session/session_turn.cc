// SPDX-License-Identifier: Apache-2.0
// When a session that policy grants may open: how fast one user opens sessions, and how soon after a failed login an
// account is tried at its target again. Trusted side; nothing of the session exists before its turn.
#include "broker/session/session.h"

namespace sallyport::broker {

void Session::audit_denied(const std::string& reason, const std::string& detail) {
  services_.user_audit.write({"session.denied",
                              facts_.identity.user,
                              "",
                              {{"account", facts_.destination.account},
                               {"target", facts_.destination.target},
                               {"source", facts_.source},
                               {"reason", reason},
                               {"detail", detail}}});
}

// What a session costs, and what a failed login does to everybody else at the target, is spaced here. While it waits
// nothing of it exists; the decision is made anew after that.
bool Session::is_its_turn() {
  const base::Micros now = services_.clock.monotonic_us();
  if (opening_since_us_ == 0) opening_since_us_ = now;
  base::Micros wait_us = paced_ ? 0 : services_.openings.ask(facts_.identity.user, now);
  paced_ = wait_us == 0;
  if (paced_) {
    auto turn = services_.target_logins.ask(facts_.destination.target, facts_.destination.account, now);
    trial_ = std::move(turn.trial);
    if (trial_) return true;
    if (turn.failures > 0) {
      spaced_out(turn);
      return false;
    }
    wait_us = turn.wait_us;
  }
  if (now + wait_us - opening_since_us_ > std::int64_t{services_.config.limits.login_seconds} * 1'000'000) {
    audit_denied("too_busy", paced_ ? "other logins at the target were under way" : "the user opens sessions too fast");
    refuse(paced_ ? "Other logins at the target '" + facts_.destination.target + "' did not finish in time. Try again."
                  : "You open sessions faster than the gateway lets one user. Try again.",
           "its turn did not come");
    return false;
  }
  deadline_.after_us(wait_us, [this] { open(); });
  return false;
}

void Session::spaced_out(const LoginSpacing::Turn& turn) {
  const std::string seconds = std::to_string(turn.next_us / 1'000'000 + 1);
  const std::string often = turn.failures == 1 ? "the last time" : std::to_string(turn.failures) + " times in a row";
  audit_denied("login_spaced", "failed " + often + ", the next one in " + seconds + " s");
  refuse("The target '" + facts_.destination.target + "' did not accept the account '" + facts_.destination.account +
             "' " + often + ". The gateway tries it again in " + seconds +
             " seconds at the earliest, so that the target does not shut out everybody. Tell an administrator.",
         "the login failed " + often);
}

}  // namespace sallyport::broker
