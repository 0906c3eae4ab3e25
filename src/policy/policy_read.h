// SPDX-License-Identifier: Apache-2.0
// A policy from JSON. Trusted side, pure; what a policy seems to say must be what is enforced.
#pragma once

#include "policy/json_object.h"
#include "policy/resource.h"

namespace sallyport::policy {

/// Its keys beside kind, name and description; errors go to `in`.
Policy read_policy(JsonObject& in);

}  // namespace sallyport::policy
