// SPDX-License-Identifier: Apache-2.0
// The list of what the sandbox must refuse. For the hostile test build only, never installed.
#pragma once

#include <span>
#include <string_view>

namespace sallyport::leg {

struct Attempt {
  std::string_view name;
  long (*make)();  ///< what the system call returned, with errno, if it returned at all
};

std::span<const Attempt> hostile_attempts();

}  // namespace sallyport::leg
