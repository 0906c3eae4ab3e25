// SPDX-License-Identifier: Apache-2.0
// An act upon a session, and whose. Trusted side; plain values.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/rows.h"

namespace sallyport::broker {

enum class ControlAction {
  pause,
  suspend,
  resume,
  terminate,
  message,
  reauthenticated,  ///< the user of a suspended session logged in anew elsewhere; no administrator's word
};

/// "pause", "suspend", …
const char* to_string(ControlAction action);
base::Result<ControlAction> control_action_from(const std::string& word);

struct ControlAct {
  ControlAction action;
  std::string actor;
  std::string text;
  // Of reauthenticated:
  base::Micros proved_us = 0;         ///< when that login was, on the monotonic clock
  store::Incarnation proved_as = {};  ///< and under which incarnation
};

}  // namespace sallyport::broker
