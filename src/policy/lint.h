// SPDX-License-Identifier: Apache-2.0
// Policies that do not do what somebody may think they do: ones that never act, that others make useless, or that reach
// very far. It changes no decision. Trusted side, pure.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "policy/decide.h"

namespace sallyport::policy {

struct Finding {
  enum class Kind : std::uint8_t {
    unreachable,   ///< no request can meet it, now or ever again
    shadowed,      ///< other policies make it useless: without it every decision is the same
    over_broad,    ///< it names nearly everything
    unknown_name,  ///< it names what nobody declared
  };
  Kind kind = Kind::unreachable;
  std::string policy;
  std::string other;   ///< that shadows it; empty for the other kinds
  std::string reason;  ///< one sentence
  bool operator==(const Finding&) const = default;
};

/// "unreachable", "shadowed", "over_broad", "unknown_name".
const char* to_string(Finding::Kind kind);

/// By policy, then in the order of Kind. Groups that only a directory knows have no members here.
std::vector<Finding> lint(const Snapshot& snapshot, base::Micros now_us);

}  // namespace sallyport::policy
