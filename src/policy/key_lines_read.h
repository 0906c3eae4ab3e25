// SPDX-License-Identifier: Apache-2.0
// Lists of public key lines from JSON. Trusted side, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/json_object.h"
#include "policy/resource.h"

namespace sallyport::policy {

/// What may stand before a key.
enum class Before {
  nothing,
  hosts,    ///< as ssh-keyscan writes them: cut off
  options,  ///< of a security key: keys/authorized_line.h
};

/// The lines under a key, each checked for its shape and by check_key, if there is one; errors go to `in`.
std::vector<std::string> read_key_lines(JsonObject& in, std::string_view key, const KeyCheck& check_key, Before before);

}  // namespace sallyport::policy
