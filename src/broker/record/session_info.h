// SPDX-License-Identifier: Apache-2.0
// The facts of one session that lists, audit events and messages show. Trusted side; plain values.
#pragma once

#include <string>

#include "base/clock.h"
#include "store/rows.h"

namespace sallyport::broker {

/// The states in the contract's `state` field. A suspended session also waits for its user to authenticate again, an
/// unsupervised one ("awaiting-supervisor") for somebody who supervises it.
enum class SessionState { opening, live, unsupervised, paused, suspended, ending, ended };

const char* to_string(SessionState state);

struct SessionInfo {
  std::string id;
  std::string user;
  store::Incarnation user_incarnation = {};  ///< as of the login
  std::string account;
  std::string target;
  std::string protocol = "ssh";
  std::string source;               ///< "address:port" of the user's client
  std::string via;                  ///< "direct", "jump" or "menu"
  std::string request;              ///< for access, that was approved: it ends with it; empty: none was needed
  base::Micros login_until_us = 0;  ///< by the wall clock, when what proved the user ends; 0: it does not
  SessionState state = SessionState::opening;
  base::Micros started_at_us = 0;
  base::Micros ended_at_us = 0;
  std::string end_reason;
};

}  // namespace sallyport::broker
