// SPDX-License-Identifier: Apache-2.0
// CIDR blocks of IPv4 and IPv6.
#include "keys/address_block.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace sallyport::keys {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

/// IPv4 is held as IPv4-mapped IPv6, so that both compare alike; a block of it then has 96 bits more.
struct Block {
  std::array<std::uint8_t, 16> address{};
  int bits = 128;
};

constexpr int kMappedBits = 96;
constexpr std::size_t kMaxTextBytes = 64;

bool is_mapped(const std::array<std::uint8_t, 16>& a) {
  return std::all_of(a.begin(), a.begin() + 10, [](std::uint8_t b) { return b == 0; }) && a[10] == 0xff &&
         a[11] == 0xff;
}

/// How many bits of prefix the text leaves implied: 96 for dotted IPv4, 0 for IPv6; -1 when it is no numeric address.
int read_address(std::string_view text, std::array<std::uint8_t, 16>& out) {
  if (text.size() > kMaxTextBytes || text.find('\0') != std::string_view::npos) return -1;
  const std::string s(text);
  if (inet_pton(AF_INET6, s.c_str(), out.data()) == 1) return 0;
  out.fill(0);
  out[10] = out[11] = 0xff;
  return inet_pton(AF_INET, s.c_str(), out.data() + 12) == 1 ? kMappedBits : -1;
}

bool bit(const std::array<std::uint8_t, 16>& a, int i) {
  return (a[static_cast<std::size_t>(i / 8)] >> (7 - i % 8) & 1) != 0;
}

Result<Block> read_block(std::string_view text) {
  const std::size_t slash = text.find('/');
  Block block;
  const int implied = read_address(text.substr(0, slash), block.address);
  if (implied < 0) return fail(Errc::invalid, "not a numeric address or block");
  if (slash == std::string_view::npos) return block;
  const std::string_view digits = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits < 0 || bits > 128 - implied) {
    return fail(Errc::invalid, "bad prefix length in an address block");
  }
  block.bits = bits + implied;
  for (int i = block.bits; i < 128; ++i) {
    if (bit(block.address, i)) return fail(Errc::invalid, "an address block has bits set below its prefix");
  }
  return block;
}

}  // namespace

Result<bool> address_in_block(std::string_view address, std::string_view block) {
  std::array<std::uint8_t, 16> peer{};
  if (read_address(address, peer) < 0) return fail(Errc::invalid, "not a numeric address");
  const Result<Block> b = read_block(block);
  if (!b) return tl::unexpected<base::Error>(b.error());
  // An IPv4 peer must not match ::/0 or another block that only contains the mapped range by accident.
  if (is_mapped(peer) && b->bits < kMappedBits) return false;
  for (int i = 0; i < b->bits; ++i) {
    if (bit(peer, i) != bit(b->address, i)) return false;
  }
  return true;
}

Status check_address_block(std::string_view block) {
  const Result<Block> b = read_block(block);
  if (!b) return tl::unexpected<base::Error>(b.error());
  return {};
}

}  // namespace sallyport::keys
