// SPDX-License-Identifier: Apache-2.0
// Byte strings: wiping, comparing, hexadecimal and base64 (libsodium's, so that secrets may pass through).
#include "base/bytes.h"

#include <sodium.h>

#include <cerrno>
#include <cstring>

namespace sallyport::base {

const char* to_string(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::denied:
      return "denied";
    case Errc::exists:
      return "exists";
    case Errc::io:
      return "io";
    case Errc::full:
      return "full";
    case Errc::timeout:
      return "timeout";
    case Errc::closed:
      return "closed";
    case Errc::unsupported:
      return "unsupported";
    case Errc::busy:
      return "busy";
    case Errc::corrupt:
      return "corrupt";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

tl::unexpected<Error> fail_errno(const std::string& what, int error) {
  const Errc code = error == ENOSPC || error == EDQUOT  ? Errc::full
                    : error == ENOENT                   ? Errc::not_found
                    : error == EEXIST                   ? Errc::exists
                    : error == EACCES || error == EPERM ? Errc::denied
                                                        : Errc::io;
  return fail(code, what + ": " + std::strerror(error));
}

tl::unexpected<Error> fail_errno(const std::string& what) {
  return fail_errno(what, errno);
}

void wipe(void* data, std::size_t size) {
  if (size != 0) sodium_memzero(data, size);
}

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

SecretBytes& SecretBytes::operator=(SecretBytes&& o) noexcept {
  if (this != &o) {
    clear();
    bytes_ = std::move(o.bytes_);
    o.bytes_.clear();
  }
  return *this;
}

void SecretBytes::clear() {
  wipe(bytes_.data(), bytes_.size());
  bytes_.clear();
}

std::string to_hex(ByteView b) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(b.size() * 2);
  for (const std::uint8_t c : b) {
    out.push_back(digits[c >> 4]);
    out.push_back(digits[c & 15]);
  }
  return out;
}

Result<Bytes> from_hex(std::string_view s) {
  if (s.empty()) return Bytes{};  // the library wants a place to write to, even for nothing
  Bytes out(s.size() / 2);
  std::size_t size = 0;
  const char* end = nullptr;
  if (s.size() % 2 != 0 || sodium_hex2bin(out.data(), out.size(), s.data(), s.size(), nullptr, &size, &end) != 0 ||
      end != s.data() + s.size()) {
    return fail(Errc::invalid, "not hexadecimal");
  }
  return out;
}

std::string to_base64(ByteView b) {
  std::string out(sodium_base64_encoded_len(b.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), b.data(), b.size(), sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();  // the terminating NUL that the length includes
  return out;
}

Result<Bytes> from_base64(std::string_view s) {
  while (!s.empty() && s.back() == '=') s.remove_suffix(1);
  Bytes out(s.size() * 3 / 4 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(out.data(), out.size(), s.data(), s.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
      end != s.data() + s.size()) {
    return fail(Errc::invalid, "not base64");
  }
  out.resize(size);
  return out;
}

}  // namespace sallyport::base
