// SPDX-License-Identifier: Apache-2.0
// One code of a secret (RFC 4226), by liboath, and the secret as apps take it. Trusted side, pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::identity {

/// The code of this step, in digits. Errors: internal (liboath).
base::Result<base::SecretBytes> hotp(base::ByteView secret, std::uint64_t step, std::size_t digits);

/// RFC 4648 base32, in upper case, without padding.
base::SecretBytes to_base32(base::ByteView bytes);

}  // namespace sallyport::identity
