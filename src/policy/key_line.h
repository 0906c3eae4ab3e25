// SPDX-License-Identifier: Apache-2.0
// The shape of a public key line. Trusted side, pure: whether the key is any good is judged elsewhere.
#pragma once

#include <string_view>

#include "base/result.h"

namespace sallyport::policy {

/// Ok for "TYPE BASE64 [COMMENT]" where TYPE is a plain key type that Sallyport knows and names the blob too. Errors:
/// invalid, saying what to write instead.
base::Status check_key_line(std::string_view line);

}  // namespace sallyport::policy
