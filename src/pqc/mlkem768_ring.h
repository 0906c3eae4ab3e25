// SPDX-License-Identifier: Apache-2.0
// Polynomials of ML-KEM: arithmetic modulo 3329 and X^256 + 1, sampling, and their bytes (FIPS 203 §4.2, §4.3).
// Runs in the untrusted workers; pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace sallyport::pqc::mlkem {

inline constexpr std::uint32_t kQ = 3329;
inline constexpr unsigned kCoefficients = 256;
inline constexpr unsigned kRank = 3;

/// Coefficients in [0, q).
using Poly = std::array<std::uint16_t, kCoefficients>;
using Vector = std::array<Poly, kRank>;

/// x mod q for x < 2^24, in constant time.
std::uint16_t reduce(std::uint32_t x);

void add(Poly& sum, const Poly& other);
void subtract(Poly& difference, const Poly& other);
/// Algorithms 9 and 10: to and from the domain where products are cheap.
void to_ntt(Poly& poly);
void from_ntt(Poly& poly);
/// Algorithm 11: adds the product of two polynomials of that domain.
void add_product(Poly& sum, const Poly& a, const Poly& b);

/// Algorithm 7: element (row, column) of the matrix of a public seed. Its time depends on the seed, which is public.
Poly sample_uniform(base::ByteView seed, std::uint8_t row, std::uint8_t column);
/// Algorithm 8 with eta 2, over the stream that seed and nonce give.
void sample_noise(Poly& out, base::ByteView seed, std::uint8_t nonce);

/// Algorithms 5 and 6: each coefficient's low `bits` bits (1 to 12), 32 * bits bytes in all.
void pack(const Poly& poly, unsigned bits, std::uint8_t* out);
void unpack(Poly& poly, unsigned bits, const std::uint8_t* in);
/// §4.2.1: to `bits` bits (at most 11) and back, with rounding.
void compress(Poly& poly, unsigned bits);
void decompress(Poly& poly, unsigned bits);

}  // namespace sallyport::pqc::mlkem
