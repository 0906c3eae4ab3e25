// SPDX-License-Identifier: Apache-2.0
// Arithmetic on secrets without branches, and values that are wiped when they go. Runs in the untrusted workers.
// No function of this folder may branch on a secret, index by one, or divide one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/bytes.h"

namespace sallyport::pqc {

/// Hides from the compiler where a value comes from, so that it cannot turn a mask back into a branch.
template <class T>
inline T hidden(T value) {
  static_assert(std::is_integral_v<T>);
  asm("" : "+r"(value));
  return value;
}

/// All ones where the value is negative, else zero.
inline std::int32_t negative_mask(std::int32_t value) {
  return hidden(value) >> 31;
}
/// All ones where the value is not zero, else zero. For values of at most 31 bits.
inline std::int32_t nonzero_mask(std::int32_t value) {
  return negative_mask(value) | negative_mask(-value);
}

/// What comes from secrets and is public all the same, as its scheme has it: may be branched on.
void publish(std::span<std::uint8_t> bytes);
/// The same for one mask: whether it is not zero.
bool revealed(std::int32_t mask);

/// Holds a value that is overwritten when it goes.
template <class T>
class Wiped {
 public:
  static_assert(std::is_trivially_copyable_v<T>);
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { base::wipe(&value_, sizeof value_); }
  T& operator*() { return value_; }
  T* operator->() { return &value_; }

 private:
  T value_{};
};

}  // namespace sallyport::pqc
