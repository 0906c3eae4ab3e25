// SPDX-License-Identifier: Apache-2.0
// What the user is told when a target cannot be reached: one sentence for each kind, because each has another
// remedy. Trusted side; pure. It names the target as the user does, never by its address.
#pragma once

#include <string>

#include "base/result.h"

namespace sallyport::broker {

/// No connection came about. error: the dialer's.
std::string unreachable_text(const std::string& target, const base::Error& error);

/// None came about before the time of the login was over.
std::string connect_timeout_text(const std::string& target);

}  // namespace sallyport::broker
