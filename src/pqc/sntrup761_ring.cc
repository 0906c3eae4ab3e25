// SPDX-License-Identifier: Apache-2.0
// The rings of sntrup761. Runs in the untrusted workers; pure.
//
// Reciprocals are taken by "divsteps" (Bernstein, Yang: Fast constant-time gcd computation and modular inversion,
// 2019): 2p-1 steps, the same whatever the polynomial is.
#include "pqc/sntrup761_ring.h"

#include <algorithm>

#include "pqc/constant_time.h"

namespace sallyport::pqc::sntrup {

namespace {

constexpr int kSteps = 2 * kP - 1;

/// In Montgomery's form a product is divided by 2^16: a common factor of a whole step, which a reciprocal's last
/// scaling takes away again.
constexpr std::int16_t kMontgomery = 15631;  // 1/q mod 2^16
static_assert(static_cast<std::uint16_t>(kMontgomery * kQ) == 1);

/// A number congruent to a b / 2^16, below q in magnitude, for |a b| < q 2^15.
inline std::int16_t montgomery(std::int16_t a, std::int16_t b) {
  const std::int32_t product = std::int32_t{a} * b;
  const auto low =
      static_cast<std::int16_t>(static_cast<std::uint32_t>(product) * static_cast<std::uint32_t>(kMontgomery));
  return static_cast<std::int16_t>((product >> 16) - (std::int32_t{low} * kQ >> 16));
}

/// 1/x mod q, by x^(q-2); 0 for 0. The exponent is no secret.
std::int16_t reciprocal_of_number(std::int16_t x) {
  std::int16_t out = 1;
  for (int bit = 12; bit >= 0; --bit) {
    out = reduce_q(std::int32_t{out} * out);
    if ((kQ - 2) >> bit & 1) out = reduce_q(std::int32_t{out} * x);
  }
  return out;
}

/// What the steps work on: f and g are the two polynomials, reversed; v and r follow what happens to them.
template <class T>
struct Divstep {
  using Row = std::array<T, kP + 1>;
  Row f{};
  Row g{};
  Row v{};
  Row r{};
  std::int32_t delta = 1;

  explicit Divstep(const Small& in) {
    f[0] = 1;
    f[kP - 1] = f[kP] = -1;
    for (int i = 0; i < kP; ++i) g[static_cast<std::size_t>(kP - 1 - i)] = in[static_cast<std::size_t>(i)];
    r[0] = 1;
  }
  ~Divstep() { base::wipe(this, sizeof *this); }
  Divstep(const Divstep&) = delete;
  Divstep& operator=(const Divstep&) = delete;

  /// v x, and f and v exchanged for g and r where delta is positive and g has a constant term.
  void shift_and_swap(std::int32_t g_head) {
    std::copy_backward(v.begin(), v.end() - 1, v.end());
    v[0] = 0;
    const std::int32_t swap = negative_mask(-delta) & nonzero_mask(g_head);
    delta ^= swap & (delta ^ -delta);
    ++delta;
    const T mask = static_cast<T>(swap);
    exchange(f, g, mask);
    exchange(v, r, mask);
  }
  /// g / x: its constant term is gone.
  void lower_g() {
    std::copy(g.begin() + 1, g.end(), g.begin());
    g[kP] = 0;
  }
  static void exchange(Row& a, Row& b, T mask) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const T both = static_cast<T>(mask & (a[i] ^ b[i]));
      a[i] = static_cast<T>(a[i] ^ both);
      b[i] = static_cast<T>(b[i] ^ both);
    }
  }
};

/// x + sign y mod 3, sign being given as two masks.
void add_multiple(std::array<std::int8_t, kP + 1>& x, const std::array<std::int8_t, kP + 1>& y, std::int8_t nonzero,
                  std::int8_t negative) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto term = static_cast<std::int8_t>(((y[i] ^ negative) - negative) & nonzero);
    const auto sum = static_cast<std::int8_t>(x[i] + term);  // -2 to 2
    const auto above = static_cast<std::int8_t>(static_cast<std::int8_t>(1 - sum) >> 7);
    const auto below = static_cast<std::int8_t>(static_cast<std::int8_t>(sum + 1) >> 7);
    x[i] = static_cast<std::int8_t>(sum - (above & 3) + (below & 3));
  }
}

/// (f0 x - x0 y) / 2^16 mod q, roughly reduced: below 2q in magnitude, as long as the inputs are.
void combine(std::array<std::int16_t, kP + 1>& x, const std::array<std::int16_t, kP + 1>& y, std::int16_t f0,
             std::int16_t g0) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<std::int16_t>(montgomery(f0, x[i]) - montgomery(g0, y[i]));
  }
}

/// The sums that x^761 = x + 1 makes of a product of 2p-1 coefficients, before reduction.
template <class T, class Out, class Reduce>
void fold(std::array<T, 2 * kP - 1>& sums, Out& out, Reduce reduce) {
  for (std::size_t i = sums.size() - 1; i >= kP; --i) {
    sums[i - kP] = static_cast<T>(sums[i - kP] + sums[i]);
    sums[i - kP + 1] = static_cast<T>(sums[i - kP + 1] + sums[i]);
  }
  for (std::size_t i = 0; i < kP; ++i) out[i] = reduce(sums[i]);
}

}  // namespace

std::int8_t reduce3(std::int32_t x) {
  // 10923 = (2^15 + 1) / 3: the quotient, rounded to the nearest, with an error below 1/6.
  return static_cast<std::int8_t>(x - 3 * ((10923 * x + (1 << 14)) >> 15));
}

std::int16_t reduce_q(std::int32_t x) {
  // 58470 = round(2^28 / q): the quotient, rounded to the nearest, or beside it.
  const auto quotient = static_cast<std::int32_t>((std::int64_t{x} * 58470 + (1 << 27)) >> 28);
  std::int32_t rest = x - quotient * kQ;
  rest -= ~negative_mask(rest - (kHalfQ + 1)) & kQ;
  rest += negative_mask(rest + kHalfQ) & kQ;
  return static_cast<std::int16_t>(rest);
}

void multiply(Small& product, const Small& a, const Small& b) {
  Wiped<std::array<std::int16_t, 2 * kP - 1>> sums;  // 761 terms of magnitude 1
  for (std::size_t i = 0; i < kP; ++i) {
    const std::int16_t factor = a[i];
    std::int16_t* const row = sums->data() + i;
    for (std::size_t j = 0; j < kP; ++j) row[j] = static_cast<std::int16_t>(row[j] + factor * b[j]);
  }
  fold(*sums, product, [](std::int16_t x) { return reduce3(x); });
}

void multiply(Wide& product, const Wide& a, const Small& b) {
  Wiped<std::array<std::int32_t, 2 * kP - 1>> sums;  // 761 terms of magnitude kHalfQ: below 2^21
  for (std::size_t i = 0; i < kP; ++i) {
    const std::int16_t factor = b[i];
    std::int32_t* const row = sums->data() + i;
    for (std::size_t j = 0; j < kP; ++j) row[j] += factor * a[j];
  }
  fold(*sums, product, reduce_q);
}

std::int32_t reciprocal(Small& out, const Small& in) {
  Divstep<std::int8_t> d(in);
  for (int step = 0; step < kSteps; ++step) {
    const std::int32_t g_head = d.g[0];
    const std::int32_t sign = -g_head * d.f[0];
    d.shift_and_swap(g_head);
    const auto nonzero = static_cast<std::int8_t>(nonzero_mask(sign));
    const auto negative = static_cast<std::int8_t>(negative_mask(sign));
    add_multiple(d.g, d.f, nonzero, negative);
    add_multiple(d.r, d.v, nonzero, negative);
    d.lower_g();
  }
  for (std::size_t i = 0; i < kP; ++i) out[i] = static_cast<std::int8_t>(d.f[0] * d.v[kP - 1 - i]);
  return nonzero_mask(d.delta);
}

std::int32_t reciprocal_of_3(Wide& out, const Small& in) {
  Divstep<std::int16_t> d(in);
  for (int step = 0; step < kSteps; ++step) {
    d.shift_and_swap(reduce_q(d.g[0]));
    const std::int16_t f0 = d.f[0];
    const std::int16_t g0 = d.g[0];
    combine(d.g, d.f, f0, g0);
    combine(d.r, d.v, f0, g0);
    d.lower_g();
  }
  const std::int16_t scale = reciprocal_of_number(reduce_q(3 * d.f[0]));
  for (std::size_t i = 0; i < kP; ++i) out[i] = reduce_q(std::int32_t{scale} * d.v[kP - 1 - i]);
  return nonzero_mask(d.delta);
}

}  // namespace sallyport::pqc::sntrup
