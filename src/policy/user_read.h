// SPDX-License-Identifier: Apache-2.0
// A user from JSON: a person or a service account. Trusted side, pure.
#pragma once

#include "policy/json_object.h"
#include "policy/resource.h"

namespace sallyport::policy {

/// What is wrong goes to `in`; its keys kind, name and description are not read here.
User read_user(JsonObject& in, const KeyCheck& check_key);

}  // namespace sallyport::policy
