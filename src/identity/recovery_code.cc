// SPDX-License-Identifier: Apache-2.0
// BLAKE2b, by libsodium.
#include "identity/recovery_code.h"

#include <sodium.h>

#include <algorithm>
#include <cctype>

#include "identity/hotp.h"
#include "identity/typed_code.h"

namespace sallyport::identity {

namespace {

constexpr std::size_t kRandomBytes = kRecoveryCodeChars * 5 / 8;
constexpr std::size_t kSaltBytes = crypto_generichash_KEYBYTES_MIN;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kGroup = 4;

base::Bytes hash(base::ByteView salt, base::ByteView code) {
  base::Bytes out(kHashBytes);
  crypto_generichash(out.data(), out.size(), code.data(), code.size(), salt.data(), salt.size());
  return out;
}

}  // namespace

base::SecretBytes make_recovery_code(base::Random& random) {
  base::SecretBytes bits(kRandomBytes);
  random.fill({bits.data(), bits.size()});
  base::SecretBytes code = to_base32(bits.view());
  std::transform(code.data(), code.data() + code.size(), code.data(),
                 [](std::uint8_t c) { return static_cast<std::uint8_t>(std::tolower(c)); });
  return code;
}

std::string hash_recovery_code(base::ByteView code, base::Random& random) {
  const base::Bytes salt = random.bytes(kSaltBytes);
  return base::to_hex(salt) + "$" + base::to_hex(hash(salt, code));
}

bool is_recovery_code(std::string_view kept, base::ByteView code) {
  const std::size_t mark = kept.find('$');
  if (mark == std::string_view::npos) return false;
  const auto salt = base::from_hex(kept.substr(0, mark));
  const auto wanted = base::from_hex(kept.substr(mark + 1));
  if (!salt || !wanted || salt->size() != kSaltBytes || wanted->size() != kHashBytes) return false;
  return base::equal_constant_time(*wanted, hash(*salt, code));
}

base::SecretBytes grouped(base::ByteView code) {
  base::SecretBytes out(code.empty() ? 0 : code.size() + (code.size() - 1) / kGroup);
  std::size_t size = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i > 0 && i % kGroup == 0) out.data()[size++] = '-';
    out.data()[size++] = code[i];
  }
  return out;
}

}  // namespace sallyport::identity
