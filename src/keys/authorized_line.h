// SPDX-License-Identifier: Apache-2.0
// A line of a user's keys: a public key, and before it what a security key's signatures must show. Trusted side, pure.
// It must never accept an option that nobody here would keep.
#pragma once

#include <string_view>

#include "base/result.h"
#include "keys/public_key.h"

namespace sallyport::keys {

struct AuthorizedKey {
  PublicKey key;
  TouchRule touch;
};

/// The options of a key line, and the key line behind them: "TYPE BASE64 [COMMENT]", not looked at any further.
struct LineOptions {
  TouchRule touch;
  std::string_view key_line;
};

/// Of "[OPTIONS] TYPE BASE64 [COMMENT]", where OPTIONS is `no-touch-required`, `verify-required` or both with a comma
/// between (sshd(8), AUTHORIZED_KEYS FILE FORMAT), and stands before a key of a security key alone. A line that begins
/// with a key type has no options. Errors: invalid, saying what to write instead.
base::Result<LineOptions> split_line_options(std::string_view line);

/// The whole line. Errors: as split_line_options() and PublicKey::parse_line().
base::Result<AuthorizedKey> parse_authorized_line(std::string_view line);

}  // namespace sallyport::keys
