// SPDX-License-Identifier: Apache-2.0
// Little-endian integers and fixed fields of the recording format: appended, and read back with a sticky failure.
// Reads foreign bytes: it must never look past what it was given.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace sallyport::recording {

/// Stores value at p, least significant byte first.
template <class T>
void put_le(std::uint8_t* p, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    p[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
}

template <class T>
T get_le(const std::uint8_t* p) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<std::uint64_t>(p[i]) << (8 * i);
  return static_cast<T>(value);
}

/// Appends to a byte string that outlives it.
class WireWriter {
 public:
  explicit WireWriter(base::Bytes& out) : out_(out) {}

  template <class T>
  WireWriter& number(T value) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof(T));
    put_le(out_.data() + at, value);
    return *this;
  }
  WireWriter& raw(base::ByteView b) {
    out_.insert(out_.end(), b.begin(), b.end());
    return *this;
  }

 private:
  base::Bytes& out_;
};

/// Reads in order. After the first read past the end every value is zero or empty and ok() is false.
class WireReader {
 public:
  explicit WireReader(base::ByteView in) : in_(in) {}

  template <class T>
  T number() {
    const base::ByteView b = raw(sizeof(T));
    return b.empty() ? T{0} : get_le<T>(b.data());
  }
  base::ByteView raw(std::size_t size) {
    if (!ok_ || size > in_.size()) {
      ok_ = false;
      return {};
    }
    const base::ByteView b = in_.first(size);
    in_ = in_.subspan(size);
    return b;
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out{};
    const base::ByteView b = raw(N);
    std::copy(b.begin(), b.end(), out.begin());
    return out;
  }
  bool ok() const { return ok_; }
  std::size_t left() const { return in_.size(); }

 private:
  base::ByteView in_;
  bool ok_ = true;
};

}  // namespace sallyport::recording
