// SPDX-License-Identifier: Apache-2.0
// What the vault keeps in the clear: how a passphrase becomes the key, and a value by which the right key is known.
// Trusted side; only src/vault includes this.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/random.h"

namespace sallyport::vault {

inline constexpr const char* kCheckSetting = "vault.key_check";
/// Empty unless the master key comes from a passphrase.
inline constexpr const char* kPassphraseSetting = "vault.passphrase";

/// Known words sealed under the key.
std::string make_check(base::ByteView key, base::Random& random);
/// Whether this is the key that the words were sealed under.
bool opens_check(base::ByteView key, const std::string& check);

}  // namespace sallyport::vault
