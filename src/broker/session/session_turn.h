// SPDX-License-Identifier: Apache-2.0
// When a session that policy grants may open: how fast one user opens sessions, and how soon after a failed login an
// account is tried at its target again. Trusted side; nothing of the session exists before its turn.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "broker/access/login_spacing.h"
#include "broker/intake/opening_pace.h"
#include "policy/address.h"

namespace sallyport::broker {

class SessionTurn {
 public:
  /// One of the three is set.
  struct Answer {
    std::unique_ptr<LoginSpacing::Trial> trial;  ///< it is
    base::Micros wait_us = 0;                    ///< ask again after so long; the decision is made anew then
    struct Refusal {
      std::string code, detail;  ///< for the audit log
      std::string text, reason;  ///< for the user, and of the end
    };
    std::optional<Refusal> refusal;  ///< it does not come
  };

  SessionTurn(OpeningPace& openings, LoginSpacing& logins, std::string user, policy::Destination destination,
              base::Micros longest_us)
      : openings_(openings),
        logins_(logins),
        user_(std::move(user)),
        destination_(std::move(destination)),
        longest_us_(longest_us) {}

  /// now: monotonic.
  Answer ask(base::Micros now);

 private:
  Answer::Refusal spaced_out(const LoginSpacing::Turn& turn) const;
  Answer::Refusal too_late() const;

  OpeningPace& openings_;
  LoginSpacing& logins_;
  const std::string user_;
  const policy::Destination destination_;
  const base::Micros longest_us_;
  base::Micros since_us_ = 0;  // the first ask()
  bool paced_ = false;         // counted among the user's openings
};

}  // namespace sallyport::broker
