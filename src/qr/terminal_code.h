// SPDX-License-Identifier: Apache-2.0
// A QR code as text for a terminal. Pure. What is in it may be a secret: the caller keeps it from logs.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::qr {

/// Lines of UTF-8 half blocks, two rows of the code a line, with a quiet zone around it. What is drawn is the light
/// part: it wants a light colour on a dark background. Errors: full (too long for a code), internal.
base::Result<base::SecretBytes> qr_for_terminal(base::ByteView content);

}  // namespace sallyport::qr
