// SPDX-License-Identifier: Apache-2.0
// Changes that nobody decided in time: they end, and the secrets that were kept for them go. Trusted side.
#pragma once

#include "broker/node/services.h"

namespace sallyport::broker {

/// On the store's thread; at most 1000 at a time. To be called now and then: a change whose time is over counts for
/// nothing before that already.
base::Status expire_changes(Services& services);

}  // namespace sallyport::broker
