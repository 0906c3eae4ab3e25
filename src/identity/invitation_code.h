// SPDX-License-Identifier: Apache-2.0
// The code by which an outsider takes up an invitation: one part finds it, the other is the secret. Trusted side, pure,
// on foreign bytes. The secret part is made, hashed and compared as a recovery code is (recovery_code.h).
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace sallyport::identity {

inline constexpr std::size_t kInvitationLookupChars = 8;

struct InvitationCode {
  std::string lookup;        ///< of a-z and 0-9
  base::SecretBytes secret;  ///< kRecoveryCodeChars of a-z and 2-7
};

/// As it is shown, in groups of four.
base::SecretBytes shown_invitation_code(const std::string& lookup, base::ByteView secret);
/// Blanks and hyphens may stand anywhere, and letters may be upper case. None: it is no such code.
std::optional<InvitationCode> read_invitation_code(base::ByteView typed);

}  // namespace sallyport::identity
