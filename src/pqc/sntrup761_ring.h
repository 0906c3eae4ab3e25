// SPDX-License-Identifier: Apache-2.0
// Polynomials of sntrup761 (NTRU Prime round 3 specification §3): the rings Z/3 and Z/q over x^761 - x - 1.
// Runs in the untrusted workers; pure.
#pragma once

#include <array>
#include <cstdint>

namespace sallyport::pqc::sntrup {

inline constexpr int kP = 761;
inline constexpr int kQ = 4591;
inline constexpr int kHalfQ = (kQ - 1) / 2;
inline constexpr int kWeight = 286;

/// Coefficients -1, 0 and 1.
using Small = std::array<std::int8_t, kP>;
/// Coefficients -kHalfQ to kHalfQ.
using Wide = std::array<std::int16_t, kP>;

/// x mod 3 as -1, 0 or 1, for |x| < 2^14.
std::int8_t reduce3(std::int32_t x);
/// x mod q as -kHalfQ to kHalfQ, for |x| < 2^25.
std::int16_t reduce_q(std::int32_t x);

/// Products; the result may not be one of the factors.
void multiply(Small& product, const Small& a, const Small& b);
void multiply(Wide& product, const Wide& a, const Small& b);

/// 1 / in in Z/3. All ones where there is none (the result means nothing then), else zero.
std::int32_t reciprocal(Small& out, const Small& in);
/// 1 / (3 in) in Z/q. As above; a short polynomial that is not zero always has one.
std::int32_t reciprocal_of_3(Wide& out, const Small& in);

}  // namespace sallyport::pqc::sntrup
