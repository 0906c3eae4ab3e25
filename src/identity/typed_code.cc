// SPDX-License-Identifier: Apache-2.0
// One pass; the length decides which kind it can be.
#include "identity/typed_code.h"

#include <algorithm>

namespace sallyport::identity {

namespace {

constexpr std::size_t kMaxTypedBytes = 64;

bool is_digit(std::uint8_t c) {
  return c >= '0' && c <= '9';
}
bool is_base32(std::uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
}

}  // namespace

TypedCode read_code(base::ByteView typed) {
  if (typed.size() > kMaxTypedBytes) return {};
  base::SecretBytes kept(kRecoveryCodeChars);
  std::size_t size = 0;
  for (const std::uint8_t byte : typed) {
    if (byte == ' ' || byte == '-') continue;
    if (size == kept.size()) return {};
    const bool upper = byte >= 'A' && byte <= 'Z';
    kept.data()[size++] = upper ? static_cast<std::uint8_t>(byte - 'A' + 'a') : byte;
  }
  const base::ByteView code = kept.view().first(size);
  TypedCode out;
  if (size == kTotpDigits && std::all_of(code.begin(), code.end(), is_digit)) out.kind = TypedCode::Kind::totp;
  if (size == kRecoveryCodeChars && std::all_of(code.begin(), code.end(), is_base32)) {
    out.kind = TypedCode::Kind::recovery;
  }
  if (out.kind != TypedCode::Kind::neither) out.code = base::SecretBytes(code);
  return out;
}

}  // namespace sallyport::identity
