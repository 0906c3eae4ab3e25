// SPDX-License-Identifier: Apache-2.0
// Byte strings: owned, viewed and secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView view(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
inline std::string_view text(ByteView b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}
inline Bytes to_bytes(std::string_view s) {
  return {s.begin(), s.end()};
}
inline Bytes to_bytes(ByteView b) {
  return {b.begin(), b.end()};
}
inline std::string to_text(ByteView b) {
  return std::string(text(b));
}

/// Overwrites memory in a way the compiler keeps.
void wipe(void* data, std::size_t size);

/// Equality in time that depends on the lengths alone.
bool equal_constant_time(ByteView a, ByteView b);

/// Owns bytes that are wiped when they go. Move-only, fixed size: nothing is left behind by growth.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(ByteView b) : bytes_(b.begin(), b.end()) {}
  SecretBytes(SecretBytes&& o) noexcept : bytes_(std::move(o.bytes_)) { o.bytes_.clear(); }
  SecretBytes& operator=(SecretBytes&& o) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { clear(); }

  /// A deliberate copy, named so that it can be searched for.
  SecretBytes duplicate() const { return SecretBytes(view()); }
  void clear();
  ByteView view() const { return bytes_; }
  std::uint8_t* data() { return bytes_.data(); }
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  Bytes bytes_;
};

std::string to_hex(ByteView b);
Result<Bytes> from_hex(std::string_view s);
/// RFC 4648 base64, with padding; decoding accepts missing padding and nothing else foreign.
std::string to_base64(ByteView b);
Result<Bytes> from_base64(std::string_view s);

}  // namespace sallyport::base
