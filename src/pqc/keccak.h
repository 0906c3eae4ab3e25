// SPDX-License-Identifier: Apache-2.0
// SHA-3 and SHAKE (FIPS 202) on a Keccak of our own: the library's cannot be squeezed in steps.
// Runs in the untrusted workers. Its state is wiped when it goes.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/bytes.h"

namespace sallyport::pqc {

/// A sponge: absorb as often as wanted, then squeeze as often as wanted.
class Keccak {
 public:
  enum class Kind { sha3_256, sha3_512, shake128, shake256 };

  explicit Keccak(Kind kind);
  Keccak(const Keccak&) = delete;
  Keccak& operator=(const Keccak&) = delete;
  ~Keccak() { base::wipe(lanes_.data(), sizeof lanes_); }

  void absorb(base::ByteView data);
  void squeeze(std::span<std::uint8_t> out);

 private:
  void permute();
  void add_byte(std::size_t at, std::uint8_t byte) { lanes_[at / 8] ^= std::uint64_t{byte} << 8 * (at % 8); }

  std::array<std::uint64_t, 25> lanes_{};
  std::size_t rate_bytes_;
  std::uint8_t suffix_;
  std::size_t at_ = 0;
  bool squeezing_ = false;
};

/// The parts one after the other in, out.size() bytes out: a digest of that size, or as much of a SHAKE.
void keccak(Keccak::Kind kind, std::initializer_list<base::ByteView> parts, std::span<std::uint8_t> out);

}  // namespace sallyport::pqc
