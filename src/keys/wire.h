// SPDX-License-Identifier: Apache-2.0
// The primitive data types of SSH (RFC 4251 §5), read from a view and appended to bytes.
// Linked on both sides of the trust line. It must never read past its view, copy what it reads, or allocate by a length
// a peer chose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sallyport::keys {

/// Largest magnitude of an mpint that any method or key of ours needs: 16384 bits.
inline constexpr std::size_t kMaxMpintBytes = 2048;

/// Most names in one name-list; OpenSSH sends fewer than thirty.
inline constexpr std::size_t kMaxNames = 256;

/// Reads fields in order. Errors are sticky: the first malformed or missing field makes ok() false, and from then on
/// every read returns zero or empty. So a parser reads all its fields and asks done() (or ok()) once, before it uses
/// any of them. What is returned points into the view given; the caller keeps it alive.
class Reader {
 public:
  explicit Reader(base::ByteView in) : in_(in) {}

  std::uint8_t u8();
  std::uint32_t u32();
  std::uint64_t u64();
  /// Any non-zero byte is true (RFC 4251 §5).
  bool boolean() { return u8() != 0; }
  /// Exactly n bytes.
  base::ByteView bytes(std::size_t n);
  /// A length-prefixed string of at most max bytes.
  base::ByteView string(std::size_t max = SIZE_MAX);
  /// string() as characters; says nothing about their encoding.
  std::string_view text(std::size_t max = SIZE_MAX) { return base::text(string(max)); }
  /// A positive or zero mpint in its only canonical form, as its big-endian magnitude without leading zeros (empty for
  /// zero). A negative number, a needless leading zero or a magnitude above max_bytes is an error.
  base::ByteView mpint(std::size_t max_bytes = kMaxMpintBytes);
  /// Comma-separated names, each 1 to 64 printable US-ASCII characters without a comma or space (RFC 4251 §6); may be
  /// empty. `max` bounds the bytes of the whole list.
  std::vector<std::string_view> name_list(std::size_t max = 16384);
  /// Everything not read yet.
  base::ByteView rest();

  std::size_t remaining() const { return in_.size(); }
  bool ok() const { return ok_; }
  /// ok() and nothing left over.
  bool done() const { return ok_ && in_.empty(); }
  /// For a caller that finds a field wrong by its meaning: makes the error sticky.
  void set_error();

 private:
  base::ByteView in_;
  bool ok_ = true;
};

/// Appends fields to bytes that the caller owns. Never fails: a string of 4 GiB or more is our own bug and aborts.
class Writer {
 public:
  explicit Writer(base::Bytes& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(v); }
  void u32(std::uint32_t v);
  void u64(std::uint64_t v);
  void boolean(bool v) { out_.push_back(v ? 1 : 0); }
  /// Raw bytes, no length in front.
  void bytes(base::ByteView v) { out_.insert(out_.end(), v.begin(), v.end()); }
  void string(base::ByteView v);
  void string(std::string_view v) { string(base::view(v)); }
  /// An mpint from a big-endian magnitude; leading zeros are dropped, a zero byte is put before a set top bit.
  void mpint(base::ByteView magnitude);
  void name_list(const std::vector<std::string_view>& names);

  /// Opens a string whose content is what is appended until end_string(mark). May be nested; each mark is closed once.
  [[nodiscard]] std::size_t begin_string();
  void end_string(std::size_t mark);

 private:
  base::Bytes& out_;
};

}  // namespace sallyport::keys
