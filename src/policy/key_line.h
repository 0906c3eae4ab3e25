// SPDX-License-Identifier: Apache-2.0
// The shape of a public key line. Trusted side, pure: whether the key is any good is judged elsewhere.
#pragma once

#include <string_view>

#include "base/result.h"

namespace sallyport::policy {

/// Ok for "TYPE BASE64 [COMMENT]" where TYPE is a plain key type that Sallyport knows and names the blob too. Errors:
/// invalid, saying what to write instead.
base::Status check_key_line(std::string_view line);

/// The key line in "HOSTS TYPE BASE64 [COMMENT]", as ssh-keyscan prints it and known_hosts holds it, hashed hosts
/// included. HOSTS only has to have its shape: which target the key belongs to is said elsewhere. Any other line comes
/// back as it is. Errors: invalid (a marker such as @revoked, a comment line, hosts that are none).
base::Result<std::string_view> without_hosts(std::string_view line);

}  // namespace sallyport::policy
