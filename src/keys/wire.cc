// SPDX-License-Identifier: Apache-2.0
// The primitive data types of SSH (RFC 4251 §5).
#include "keys/wire.h"

#include <cassert>
#include <cstdlib>

namespace sallyport::keys {

namespace {

constexpr std::size_t kMaxNameBytes = 64;  // RFC 4251 §6

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  for (char c : name) {
    if (c <= ' ' || c > '~' || c == ',') return false;
  }
  return true;
}

void store_u32(std::uint8_t* at, std::uint32_t v) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(v >> (24 - 8 * i));
}

/// A length that does not fit its field cannot be written honestly.
std::uint32_t length_field(std::size_t n) {
  if (n > UINT32_MAX) std::abort();
  return static_cast<std::uint32_t>(n);
}

base::ByteView without_leading_zeros(base::ByteView v) {
  std::size_t zeros = 0;
  while (zeros < v.size() && v[zeros] == 0) ++zeros;
  return v.subspan(zeros);
}

}  // namespace

void Reader::set_error() {
  ok_ = false;
  in_ = {};
}

base::ByteView Reader::bytes(std::size_t n) {
  if (!ok_ || n > in_.size()) {
    set_error();
    return {};
  }
  base::ByteView out = in_.first(n);
  in_ = in_.subspan(n);
  return out;
}

std::uint8_t Reader::u8() {
  base::ByteView b = bytes(1);
  return b.empty() ? 0 : b[0];
}

std::uint32_t Reader::u32() {
  std::uint32_t v = 0;
  for (std::uint8_t b : bytes(4)) v = v << 8 | b;
  return v;
}

std::uint64_t Reader::u64() {
  std::uint64_t v = 0;
  for (std::uint8_t b : bytes(8)) v = v << 8 | b;
  return v;
}

base::ByteView Reader::string(std::size_t max) {
  std::uint32_t n = u32();
  if (n > max) {
    set_error();
    return {};
  }
  return bytes(n);
}

base::ByteView Reader::mpint(std::size_t max_bytes) {
  base::ByteView v = string();
  if (v.empty()) return {};
  bool negative = (v[0] & 0x80) != 0;
  bool needless_zero = v[0] == 0 && (v.size() == 1 || (v[1] & 0x80) == 0);
  base::ByteView magnitude = v[0] == 0 ? v.subspan(1) : v;
  if (negative || needless_zero || magnitude.size() > max_bytes) {
    set_error();
    return {};
  }
  return magnitude;
}

std::vector<std::string_view> Reader::name_list(std::size_t max) {
  std::string_view list = text(max);
  std::vector<std::string_view> names;
  while (!list.empty()) {
    std::size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    bool trailing_comma = comma != std::string_view::npos && comma + 1 == list.size();
    if (!is_name(name) || trailing_comma || names.size() == kMaxNames) {
      set_error();
      return {};
    }
    names.push_back(name);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return names;
}

base::ByteView Reader::rest() {
  return bytes(in_.size());
}

void Writer::u32(std::uint32_t v) {
  std::uint8_t b[4];
  store_u32(b, v);
  out_.insert(out_.end(), b, b + sizeof b);
}

void Writer::u64(std::uint64_t v) {
  u32(static_cast<std::uint32_t>(v >> 32));
  u32(static_cast<std::uint32_t>(v));
}

void Writer::string(base::ByteView v) {
  u32(length_field(v.size()));
  bytes(v);
}

void Writer::mpint(base::ByteView magnitude) {
  base::ByteView v = without_leading_zeros(magnitude);
  bool pad = !v.empty() && (v[0] & 0x80) != 0;
  u32(length_field(v.size() + (pad ? 1 : 0)));
  if (pad) u8(0);
  bytes(v);
}

void Writer::name_list(const std::vector<std::string_view>& names) {
  std::size_t mark = begin_string();
  for (std::size_t i = 0; i < names.size(); ++i) {
    assert(is_name(names[i]));
    if (i != 0) u8(',');
    bytes(base::view(names[i]));
  }
  end_string(mark);
}

std::size_t Writer::begin_string() {
  std::size_t mark = out_.size();
  u32(0);
  return mark;
}

void Writer::end_string(std::size_t mark) {
  assert(mark + 4 <= out_.size());
  store_u32(out_.data() + mark, length_field(out_.size() - mark - 4));
}

}  // namespace sallyport::keys
