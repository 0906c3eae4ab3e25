// SPDX-License-Identifier: Apache-2.0
// Bytes of sntrup761's polynomials (NTRU Prime round 3 specification §3.4, §4). Runs in the untrusted workers; pure.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "pqc/sntrup761_ring.h"

namespace sallyport::pqc::sntrup {

inline constexpr std::size_t kSmallBytes = 191;     ///< four coefficients a byte
inline constexpr std::size_t kWideBytes = 1158;     ///< numbers below q, in a mixed radix
inline constexpr std::size_t kRoundedBytes = 1007;  ///< multiples of 3 below q, in a mixed radix

void encode_small(const Small& in, std::span<std::uint8_t, kSmallBytes> out);
void decode_small(std::span<const std::uint8_t, kSmallBytes> in, Small& out);

void encode_wide(const Wide& in, std::span<std::uint8_t, kWideBytes> out);
/// Every coefficient a multiple of 3, as round_to_3() leaves them. May be secret.
void encode_rounded(const Wide& in, std::span<std::uint8_t, kRoundedBytes> out);
void round_to_3(Wide& in_out);

/// What peers send, and so no secret: these divide. Any bytes give a polynomial.
void decode_wide(std::span<const std::uint8_t, kWideBytes> in, Wide& out);
void decode_rounded(std::span<const std::uint8_t, kRoundedBytes> in, Wide& out);

}  // namespace sallyport::pqc::sntrup
