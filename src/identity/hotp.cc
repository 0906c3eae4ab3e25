// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA-1 with dynamic truncation: what every authenticator app can do.
#include "identity/hotp.h"

#include <liboath/oath.h>

namespace sallyport::identity {

using base::Errc;
using base::fail;

base::Result<base::SecretBytes> hotp(base::ByteView secret, std::uint64_t step, std::size_t digits) {
  // A static's initialization is safe on every thread, and liboath wants it once.
  static const int started = oath_init();
  if (started != OATH_OK) return fail(Errc::internal, "liboath did not start");
  base::SecretBytes out(digits + 1);  // and a NUL
  const int done = oath_hotp_generate(reinterpret_cast<const char*>(secret.data()), secret.size(), step,
                                      static_cast<unsigned>(digits), false, OATH_HOTP_DYNAMIC_TRUNCATION,
                                      reinterpret_cast<char*>(out.data()));
  if (done != OATH_OK) return fail(Errc::internal, "liboath cannot make a code");
  return base::SecretBytes(out.view().first(digits));
}

base::SecretBytes to_base32(base::ByteView bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  base::SecretBytes out((bytes.size() * 8 + 4) / 5);
  std::uint32_t held = 0;
  unsigned bits = 0;
  std::size_t size = 0;
  for (const std::uint8_t byte : bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) out.data()[size++] = static_cast<std::uint8_t>(kAlphabet[(held >> (bits - 5)) & 31]);
  }
  if (bits > 0) out.data()[size++] = static_cast<std::uint8_t>(kAlphabet[(held << (5 - bits)) & 31]);
  return out;
}

}  // namespace sallyport::identity
