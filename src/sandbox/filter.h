// SPDX-License-Identifier: Apache-2.0
// A system-call filter: rules, compiled once by libseccomp in the zygote, installed as often as workers are forked.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "sandbox/step.h"

namespace sallyport::sandbox {

/// A compiled filter; installing it allocates nothing.
class Filter {
 public:
  Filter() = default;
  /// For the whole process, which must have one thread; needs forbid_new_privileges() first.
  Step install() const;

 private:
  friend class Rules;
  std::vector<std::uint64_t> program_;  // struct sock_filter, eight bytes each
};

/// Holds when (argument & mask) == value.
struct Condition {
  unsigned argument;  ///< 0 to 5
  std::uint64_t mask;
  std::uint64_t value;
};
inline constexpr std::uint64_t kWholeWord = ~std::uint64_t{0};
inline constexpr std::uint64_t kInt = 0xffffffff;  ///< the kernel looks only at the low half of an int

/// What is not named kills the process.
class Rules {
 public:
  Rules();
  ~Rules();
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  void allow(std::initializer_list<int> calls);
  /// All conditions must hold; several rules for one call are alternatives.
  void allow_if(int call, std::initializer_list<Condition> conditions);
  /// The call fails with this errno, for probes whose callers go on without.
  void answer(std::initializer_list<int> calls, int error);
  /// Reports the first rule that libseccomp refused, too.
  Step compile(Filter& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::sandbox
