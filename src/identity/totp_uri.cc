// SPDX-License-Identifier: Apache-2.0
// The address that authenticator apps read. Its form is Google Authenticator's "Key Uri Format".
#include <cstring>

#include "identity/hotp.h"
#include "identity/totp.h"

namespace sallyport::identity {

namespace {

// RFC 3986 §2.1, §2.3.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr const char* kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kUnreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace

base::SecretBytes totp_uri(std::string_view issuer, std::string_view user, base::ByteView secret) {
  const std::string by = percent_encoded(issuer);
  const std::string head = "otpauth://totp/" + by + ":" + percent_encoded(user) + "?secret=";
  const std::string tail = "&issuer=" + by + "&algorithm=SHA1&digits=6&period=30";
  const base::SecretBytes text = to_base32(secret);
  base::SecretBytes out(head.size() + text.size() + tail.size());
  std::memcpy(out.data(), head.data(), head.size());
  std::memcpy(out.data() + head.size(), text.data(), text.size());
  std::memcpy(out.data() + head.size() + text.size(), tail.data(), tail.size());
  return out;
}

}  // namespace sallyport::identity
