// SPDX-License-Identifier: Apache-2.0
// What no policy of a grant says, the node's configuration says. Trusted side; pure.
#pragma once

#include "config/config.h"
#include "policy/decide.h"

namespace sallyport::broker {

/// resources must be those that granted it.
void apply_node_defaults(policy::Grant& grant, const policy::Snapshot& resources, const config::Config& config);

}  // namespace sallyport::broker
