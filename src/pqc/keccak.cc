// SPDX-License-Identifier: Apache-2.0
// Keccak-f[1600] and its sponge (FIPS 202 §3, §4). Runs in the untrusted workers.
#include "pqc/keccak.h"

#include <bit>
#include <cstdlib>

namespace sallyport::pqc {

namespace {

constexpr unsigned kRounds = 24;

/// FIPS 202 §3.2.5: the round constants are what a linear feedback shift register gives.
constexpr std::array<std::uint64_t, kRounds> round_constants() {
  std::array<std::uint64_t, kRounds> out{};
  unsigned shift_register = 1;
  for (auto& constant : out) {
    for (unsigned j = 0; j < 7; ++j) {
      if (shift_register & 1) constant |= std::uint64_t{1} << ((1U << j) - 1);
      shift_register <<= 1;
      if (shift_register & 0x100) shift_register ^= 0x171;
    }
  }
  return out;
}

/// FIPS 202 §3.2.2, §3.2.3: where rho and pi take the lanes, one after the other, and how far they turn them.
struct Step {
  unsigned lane;
  unsigned turn;
};
constexpr std::array<Step, 24> lane_steps() {
  std::array<Step, 24> out{};
  unsigned x = 1;
  unsigned y = 0;
  for (unsigned t = 0; t < 24; ++t) {
    const unsigned next_y = (2 * x + 3 * y) % 5;
    x = y;
    y = next_y;
    out[t] = {x + 5 * y, (t + 1) * (t + 2) / 2 % 64};
  }
  return out;
}

constexpr auto kConstants = round_constants();
constexpr auto kSteps = lane_steps();

}  // namespace

Keccak::Keccak(Kind kind) : rate_bytes_(0), suffix_(0x1f) {
  switch (kind) {
    case Kind::sha3_256:
      rate_bytes_ = 136;
      suffix_ = 0x06;
      return;
    case Kind::sha3_512:
      rate_bytes_ = 72;
      suffix_ = 0x06;
      return;
    case Kind::shake128:
      rate_bytes_ = 168;
      return;
    case Kind::shake256:
      rate_bytes_ = 136;
      return;
  }
  std::abort();
}

void Keccak::permute() {
  auto& a = lanes_;
  for (const std::uint64_t constant : kConstants) {
    std::array<std::uint64_t, 5> column{};
    for (unsigned x = 0; x < 5; ++x) column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (unsigned x = 0; x < 5; ++x) {
      const std::uint64_t d = column[(x + 4) % 5] ^ std::rotl(column[(x + 1) % 5], 1);
      for (unsigned y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
    std::uint64_t carried = a[1];
    for (const Step step : kSteps) {
      const std::uint64_t next = a[step.lane];
      a[step.lane] = std::rotl(carried, static_cast<int>(step.turn));
      carried = next;
    }
    for (unsigned y = 0; y < 25; y += 5) {
      const std::array<std::uint64_t, 5> row{a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
      for (unsigned x = 0; x < 5; ++x) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= constant;
  }
}

void Keccak::absorb(base::ByteView data) {
  if (squeezing_) std::abort();
  for (const std::uint8_t byte : data) {
    add_byte(at_, byte);
    if (++at_ == rate_bytes_) {
      permute();
      at_ = 0;
    }
  }
}

void Keccak::squeeze(std::span<std::uint8_t> out) {
  if (!squeezing_) {
    add_byte(at_, suffix_);
    add_byte(rate_bytes_ - 1, 0x80);
    squeezing_ = true;
    at_ = rate_bytes_;
  }
  for (std::uint8_t& byte : out) {
    if (at_ == rate_bytes_) {
      permute();
      at_ = 0;
    }
    byte = static_cast<std::uint8_t>(lanes_[at_ / 8] >> 8 * (at_ % 8));
    ++at_;
  }
}

void keccak(Keccak::Kind kind, std::initializer_list<base::ByteView> parts, std::span<std::uint8_t> out) {
  Keccak sponge(kind);
  for (const base::ByteView part : parts) sponge.absorb(part);
  sponge.squeeze(out);
}

}  // namespace sallyport::pqc
