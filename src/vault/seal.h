// SPDX-License-Identifier: Apache-2.0
// Sealing of one secret: XChaCha20-Poly1305, bound to what it is. Trusted side, pure but for the randomness given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace sallyport::vault {

/// What a sealed secret is; one cannot be put in the place of another.
struct Label {
  std::string_view kind;
  std::string_view name;
  std::string_view type;
  std::int64_t version = 0;
};

/// Base64 of: format byte 1, 24-byte random nonce, ciphertext and tag.
std::string seal(base::ByteView key, const Label& label, base::ByteView secret, base::Random& random);
/// Errors: corrupt: another key, another label, or changed bytes.
base::Result<base::SecretBytes> unseal(base::ByteView key, const Label& label, std::string_view sealed);

}  // namespace sallyport::vault
