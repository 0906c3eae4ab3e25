// SPDX-License-Identifier: Apache-2.0
// Reads what somebody typed where a one-time code is asked for. Trusted side, pure, on foreign bytes.
#pragma once

#include "base/bytes.h"

namespace sallyport::identity {

inline constexpr std::size_t kTotpDigits = 6;
inline constexpr std::size_t kRecoveryCodeChars = 16;  ///< of 5 bits each

struct TypedCode {
  enum class Kind {
    totp,      ///< kTotpDigits digits
    recovery,  ///< kRecoveryCodeChars of a-z and 2-7
    neither,
  };
  Kind kind = Kind::neither;
  base::SecretBytes code = {};  ///< without blanks and hyphens, in lower case; empty for neither
};

/// Blanks and hyphens may stand anywhere, and letters may be upper case: people copy codes by hand.
TypedCode read_code(base::ByteView typed);

}  // namespace sallyport::identity
