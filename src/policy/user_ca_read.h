// SPDX-License-Identifier: Apache-2.0
// An authority for users' certificates, from JSON and back. Trusted side, pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "policy/json_object.h"
#include "policy/resource.h"

namespace sallyport::policy {

/// What is wrong goes to `in`; its keys kind, name and description are not read here.
UserCa read_user_ca(JsonObject& in, const KeyCheck& check_key);

/// What equals its default is left out.
void write_user_ca(nlohmann::json& out, const UserCa& authority);

}  // namespace sallyport::policy
