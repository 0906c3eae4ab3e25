// SPDX-License-Identifier: Apache-2.0
// One pass over what was typed.
#include "identity/invitation_code.h"

#include <algorithm>

#include "identity/recovery_code.h"
#include "identity/typed_code.h"

namespace sallyport::identity {

namespace {
constexpr std::size_t kMaxTypedBytes = 128;
constexpr std::size_t kChars = kInvitationLookupChars + kRecoveryCodeChars;
}  // namespace

base::SecretBytes shown_invitation_code(const std::string& lookup, base::ByteView secret) {
  base::SecretBytes whole(lookup.size() + secret.size());
  std::copy(lookup.begin(), lookup.end(), whole.data());
  std::copy(secret.begin(), secret.end(), whole.data() + lookup.size());
  return grouped(whole.view());
}

std::optional<InvitationCode> read_invitation_code(base::ByteView typed) {
  if (typed.size() > kMaxTypedBytes) return std::nullopt;
  base::SecretBytes kept(kChars);
  std::size_t size = 0;
  for (const std::uint8_t byte : typed) {
    if (byte == ' ' || byte == '-') continue;
    if (size == kept.size()) return std::nullopt;
    const bool upper = byte >= 'A' && byte <= 'Z';
    const auto c = upper ? static_cast<std::uint8_t>(byte - 'A' + 'a') : byte;
    const bool digit = size < kInvitationLookupChars ? c >= '0' && c <= '9' : c >= '2' && c <= '7';
    if (!digit && !(c >= 'a' && c <= 'z')) return std::nullopt;
    kept.data()[size++] = c;
  }
  if (size != kChars) return std::nullopt;
  InvitationCode out;
  out.lookup = base::to_text(kept.view().first(kInvitationLookupChars));
  out.secret = base::SecretBytes(kept.view().subspan(kInvitationLookupChars));
  return out;
}

}  // namespace sallyport::identity
