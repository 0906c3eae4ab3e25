// SPDX-License-Identifier: Apache-2.0
// The ring of ML-KEM. Runs in the untrusted workers; pure.
#include "pqc/mlkem768_ring.h"

#include "pqc/constant_time.h"
#include "pqc/keccak.h"

namespace sallyport::pqc::mlkem {

namespace {

constexpr std::uint32_t kRoot = 17;  // a 256th root of one
constexpr std::uint32_t kInverse128 = 3303;
static_assert(kInverse128 * 128 % kQ == 1);

constexpr unsigned reversed7(unsigned i) {
  unsigned out = 0;
  for (unsigned bit = 0; bit < 7; ++bit) out |= (i >> bit & 1) << (6 - bit);
  return out;
}
constexpr std::uint16_t root_to(unsigned exponent) {
  std::uint32_t out = 1;
  for (unsigned i = 0; i < exponent; ++i) out = out * kRoot % kQ;
  return static_cast<std::uint16_t>(out);
}

/// Appendix A: the roots of the butterflies, and those of the base multiplications.
constexpr std::array<std::uint16_t, 128> butterfly_roots() {
  std::array<std::uint16_t, 128> out{};
  for (unsigned i = 0; i < 128; ++i) out[i] = root_to(reversed7(i));
  return out;
}
constexpr std::array<std::uint16_t, 128> base_roots() {
  std::array<std::uint16_t, 128> out{};
  for (unsigned i = 0; i < 128; ++i) out[i] = root_to(2 * reversed7(i) + 1);
  return out;
}
constexpr auto kButterflyRoots = butterfly_roots();
constexpr auto kBaseRoots = base_roots();

/// x mod q for x < 2q.
std::uint16_t below_q(std::uint32_t x) {
  const auto less = static_cast<std::int32_t>(x - kQ);
  return static_cast<std::uint16_t>(less + (negative_mask(less) & static_cast<std::int32_t>(kQ)));
}

std::uint16_t times(std::uint16_t a, std::uint16_t b) {
  return reduce(std::uint32_t{a} * b);
}

}  // namespace

std::uint16_t reduce(std::uint32_t x) {
  // Barrett: for x < 2^24 the quotient is right or one too small.
  constexpr std::uint64_t kFactor = (std::uint64_t{1} << 36) / kQ;
  const auto quotient = static_cast<std::uint32_t>(x * kFactor >> 36);
  return below_q(x - quotient * kQ);
}

void add(Poly& sum, const Poly& other) {
  for (unsigned i = 0; i < kCoefficients; ++i) sum[i] = below_q(std::uint32_t{sum[i]} + other[i]);
}

void subtract(Poly& difference, const Poly& other) {
  for (unsigned i = 0; i < kCoefficients; ++i) {
    difference[i] = below_q(std::uint32_t{difference[i]} + kQ - other[i]);
  }
}

void to_ntt(Poly& f) {
  unsigned next_root = 1;
  for (unsigned length = 128; length >= 2; length /= 2) {
    for (unsigned start = 0; start < kCoefficients; start += 2 * length) {
      const std::uint16_t root = kButterflyRoots[next_root++];
      for (unsigned j = start; j < start + length; ++j) {
        const std::uint16_t t = times(root, f[j + length]);
        f[j + length] = below_q(std::uint32_t{f[j]} + kQ - t);
        f[j] = below_q(std::uint32_t{f[j]} + t);
      }
    }
  }
}

void from_ntt(Poly& f) {
  unsigned next_root = 127;
  for (unsigned length = 2; length <= 128; length *= 2) {
    for (unsigned start = 0; start < kCoefficients; start += 2 * length) {
      const std::uint16_t root = kButterflyRoots[next_root--];
      for (unsigned j = start; j < start + length; ++j) {
        const std::uint16_t t = f[j];
        f[j] = below_q(std::uint32_t{t} + f[j + length]);
        f[j + length] = times(root, below_q(std::uint32_t{f[j + length]} + kQ - t));
      }
    }
  }
  for (auto& coefficient : f) coefficient = times(coefficient, kInverse128);
}

void add_product(Poly& sum, const Poly& a, const Poly& b) {
  for (unsigned i = 0; i < kCoefficients / 2; ++i) {
    const unsigned low = 2 * i;
    const unsigned high = low + 1;
    const std::uint16_t wrapped = times(a[high], b[high]);
    // One product at a time: the sum of two would not stay below 2^24.
    const std::uint16_t straight = reduce(std::uint32_t{a[low]} * b[low] + sum[low]);
    sum[low] = reduce(std::uint32_t{wrapped} * kBaseRoots[i] + straight);
    const std::uint16_t across = reduce(std::uint32_t{a[low]} * b[high] + sum[high]);
    sum[high] = reduce(std::uint32_t{a[high]} * b[low] + across);
  }
}

Poly sample_uniform(base::ByteView seed, std::uint8_t row, std::uint8_t column) {
  Keccak stream(Keccak::Kind::shake128);
  const std::array<std::uint8_t, 2> place{column, row};
  stream.absorb(seed);
  stream.absorb(place);
  Poly out;
  std::array<std::uint8_t, 3> bytes;
  for (unsigned n = 0; n < kCoefficients;) {
    stream.squeeze(bytes);
    const unsigned first = bytes[0] + 256U * (bytes[1] % 16U);
    const unsigned second = bytes[1] / 16U + 16U * bytes[2];
    if (first < kQ) out[n++] = static_cast<std::uint16_t>(first);
    if (second < kQ && n < kCoefficients) out[n++] = static_cast<std::uint16_t>(second);
  }
  return out;
}

void sample_noise(Poly& out, base::ByteView seed, std::uint8_t nonce) {
  Wiped<std::array<std::uint8_t, kCoefficients / 2>> bytes;
  keccak(Keccak::Kind::shake256, {seed, base::ByteView(&nonce, 1)}, *bytes);
  for (unsigned i = 0; i < kCoefficients; ++i) {
    const std::uint32_t four = (*bytes)[i / 2] >> 4 * (i % 2);
    const std::uint32_t plus = (four & 1) + (four >> 1 & 1);
    const std::uint32_t minus = (four >> 2 & 1) + (four >> 3 & 1);
    out[i] = below_q(plus + kQ - minus);
  }
}

void pack(const Poly& poly, unsigned bits, std::uint8_t* out) {
  std::uint32_t waiting = 0;
  unsigned count = 0;
  for (const std::uint16_t coefficient : poly) {
    waiting |= std::uint32_t{coefficient} << count;
    for (count += bits; count >= 8; count -= 8) {
      *out++ = static_cast<std::uint8_t>(waiting);
      waiting >>= 8;
    }
  }
}

void unpack(Poly& poly, unsigned bits, const std::uint8_t* in) {
  std::uint32_t waiting = 0;
  unsigned count = 0;
  for (std::uint16_t& coefficient : poly) {
    for (; count < bits; count += 8) waiting |= std::uint32_t{*in++} << count;
    coefficient = static_cast<std::uint16_t>(waiting & ((1U << bits) - 1));
    waiting >>= bits;
    count -= bits;
  }
}

void compress(Poly& poly, unsigned bits) {
  // Division by multiplication: exact for numerators below 2^23, where the error stays below 1/q.
  constexpr std::uint64_t kFactor = (std::uint64_t{1} << 40) / kQ + 1;
  for (std::uint16_t& coefficient : poly) {
    const std::uint64_t numerator = (std::uint64_t{coefficient} << bits) + kQ / 2;
    coefficient = static_cast<std::uint16_t>(numerator * kFactor >> 40 & ((1U << bits) - 1));
  }
}

void decompress(Poly& poly, unsigned bits) {
  for (std::uint16_t& coefficient : poly) {
    coefficient = static_cast<std::uint16_t>((hidden(std::uint32_t{coefficient}) * kQ + (1U << (bits - 1))) >> bits);
  }
}

}  // namespace sallyport::pqc::mlkem
