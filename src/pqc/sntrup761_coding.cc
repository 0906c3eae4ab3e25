// SPDX-License-Identifier: Apache-2.0
// Coding of sntrup761's polynomials. Runs in the untrusted workers; pure.
//
// A list of numbers, each below its radix, becomes bytes so: neighbours are joined to a number below the product of
// their radices, low bytes are given out until the radix is below 2^14, and the same is done with the half as long
// list that remains, until one number is left. All numbers but the last of a list have the same radix.
#include "pqc/sntrup761_coding.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "pqc/constant_time.h"

namespace sallyport::pqc::sntrup {

namespace {

constexpr std::uint32_t kRadixLimit = 1U << 14;
constexpr std::uint32_t kWideRadix = kQ;
constexpr std::uint32_t kRoundedRadix = (kQ + 2) / 3;

using Numbers = std::array<std::uint16_t, kP>;

/// One list: so many numbers; the radix of the last one may differ.
struct Level {
  std::size_t count;
  std::uint32_t radix;
  std::uint32_t last_radix;
};

/// The radix that remains of two joined numbers, and how many bytes go out before.
struct Joined {
  std::uint32_t radix;
  unsigned bytes;
};
Joined join(std::uint32_t radix, std::uint32_t limit) {
  Joined out{radix, 0};
  for (; out.radix >= limit; ++out.bytes) out.radix = (out.radix + 255) >> 8;
  return out;
}

Level next_level(const Level& level) {
  const Joined pair = join(level.radix * level.radix, kRadixLimit);
  const bool odd = level.count % 2 != 0;
  const std::uint32_t last = odd ? level.last_radix : join(level.radix * level.last_radix, kRadixLimit).radix;
  return {(level.count + 1) / 2, pair.radix, last};
}

/// The radix of a level's pair of numbers, where the upper one is at `upper`.
std::uint32_t pair_radix(const Level& level, std::size_t upper) {
  return level.radix * (upper + 1 == level.count ? level.last_radix : level.radix);
}

/// Shifts and multiplies only: the numbers may be secret.
void encode(Numbers& numbers, std::uint32_t radix, std::uint8_t* out) {
  Level level{kP, radix, radix};
  for (; level.count > 1; level = next_level(level)) {
    for (std::size_t i = 0; i + 1 < level.count; i += 2) {
      std::uint32_t number = numbers[i] + level.radix * numbers[i + 1];
      const unsigned bytes = join(pair_radix(level, i + 1), kRadixLimit).bytes;
      for (unsigned n = 0; n < bytes; ++n, number >>= 8) *out++ = static_cast<std::uint8_t>(number);
      numbers[i / 2] = static_cast<std::uint16_t>(number);
    }
    if (level.count % 2 != 0) numbers[level.count / 2] = numbers[level.count - 1];
  }
  std::uint32_t number = numbers[0];
  for (unsigned n = 0; n < join(level.last_radix, 2).bytes; ++n, number >>= 8)
    *out++ = static_cast<std::uint8_t>(number);
}

/// Where a level's pair had its bytes, and how they join what the next level says.
std::uint32_t with_low_bytes(const std::uint8_t* in, unsigned bytes, std::uint32_t high) {
  for (unsigned n = bytes; n-- > 0;) high = high << 8 | in[n];
  return high;
}

void decode(const std::uint8_t* in, std::uint32_t radix, Numbers& numbers) {
  struct Placed {
    Level level;
    const std::uint8_t* bytes;
  };
  std::vector<Placed> levels;
  Level level{kP, radix, radix};
  for (; level.count > 1; level = next_level(level)) {
    levels.push_back({level, in});
    for (std::size_t i = 0; i + 1 < level.count; i += 2) in += join(pair_radix(level, i + 1), kRadixLimit).bytes;
  }
  numbers[0] = static_cast<std::uint16_t>(with_low_bytes(in, join(level.last_radix, 2).bytes, 0) % level.last_radix);
  for (auto placed = levels.rbegin(); placed != levels.rend(); ++placed) {
    const Level& upper = placed->level;
    const Numbers joined = numbers;
    const std::uint8_t* bytes = placed->bytes;
    for (std::size_t i = 0; i + 1 < upper.count; i += 2) {
      const std::uint32_t both = pair_radix(upper, i + 1);
      const unsigned count = join(both, kRadixLimit).bytes;
      const std::uint32_t number = with_low_bytes(bytes, count, joined[i / 2]);
      bytes += count;
      numbers[i] = static_cast<std::uint16_t>(number % upper.radix);
      numbers[i + 1] = static_cast<std::uint16_t>(number / upper.radix % (both / upper.radix));
    }
    if (upper.count % 2 != 0) numbers[upper.count - 1] = joined[upper.count / 2];
  }
}

}  // namespace

void encode_small(const Small& in, std::span<std::uint8_t, kSmallBytes> out) {
  std::fill(out.begin(), out.end(), 0);
  for (std::size_t i = 0; i < in.size(); ++i) {
    out[i / 4] = static_cast<std::uint8_t>(out[i / 4] | (in[i] + 1) << 2 * (i % 4));
  }
}

void decode_small(std::span<const std::uint8_t, kSmallBytes> in, Small& out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::int8_t>((in[i / 4] >> 2 * (i % 4) & 3) - 1);
  }
}

void encode_wide(const Wide& in, std::span<std::uint8_t, kWideBytes> out) {
  Wiped<Numbers> numbers;
  for (std::size_t i = 0; i < in.size(); ++i) (*numbers)[i] = static_cast<std::uint16_t>(in[i] + kHalfQ);
  encode(*numbers, kWideRadix, out.data());
}

void encode_rounded(const Wide& in, std::span<std::uint8_t, kRoundedBytes> out) {
  Wiped<Numbers> numbers;
  for (std::size_t i = 0; i < in.size(); ++i) {
    // A third: exact for multiples of 3 below q.
    (*numbers)[i] = static_cast<std::uint16_t>((in[i] + kHalfQ) * 10923 >> 15);
  }
  encode(*numbers, kRoundedRadix, out.data());
}

void round_to_3(Wide& in_out) {
  for (auto& coefficient : in_out) coefficient = static_cast<std::int16_t>(coefficient - reduce3(coefficient));
}

void decode_wide(std::span<const std::uint8_t, kWideBytes> in, Wide& out) {
  Numbers numbers;
  decode(in.data(), kWideRadix, numbers);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int16_t>(numbers[i] - kHalfQ);
}

void decode_rounded(std::span<const std::uint8_t, kRoundedBytes> in, Wide& out) {
  Numbers numbers;
  decode(in.data(), kRoundedRadix, numbers);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int16_t>(3 * numbers[i] - kHalfQ);
}

}  // namespace sallyport::pqc::sntrup
