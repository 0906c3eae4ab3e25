// SPDX-License-Identifier: Apache-2.0
// Checks of a whole set of steps against all that is stored, before any of it changes. Trusted side, inside the
// transaction that makes the change.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "broker/node/services.h"

namespace sallyport::broker::api {

struct Step;

/// Errors: invalid: too many recipients, or two users with one second name; the store's.
base::Status check_set(Services& services, const std::vector<Step>& steps);

/// Errors: denied, where no session could be recorded any more; the store's.
base::Status check_not_the_last_recipient(const Services& services, const std::string& name);

}  // namespace sallyport::broker::api
