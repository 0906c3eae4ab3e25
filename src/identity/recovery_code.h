// SPDX-License-Identifier: Apache-2.0
// Recovery codes: made, hashed and compared. Trusted side, pure but for the randomness given. A code has 80 random
// bits, so a fast hash with a salt keeps it: nobody can try them all.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"

namespace sallyport::identity {

/// kRecoveryCodeChars (typed_code.h) of a-z and 2-7.
base::SecretBytes make_recovery_code(base::Random& random);
/// What the store keeps: "SALT$HASH" in hexadecimal, of BLAKE2b with the salt as its key.
std::string hash_recovery_code(base::ByteView code, base::Random& random);
/// In constant time. False for a hash that cannot be read.
bool is_recovery_code(std::string_view kept, base::ByteView code);
/// As it is shown: in groups of four.
base::SecretBytes grouped(base::ByteView code);

}  // namespace sallyport::identity
