// SPDX-License-Identifier: Apache-2.0
// Adds policies up to a grant: permissions and requirements add up, and the stricter of each rule and limit wins. The
// order of the policies is no matter. Trusted side, pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/decide.h"

namespace sallyport::policy {

class GrantSum {
 public:
  enum class Part {
    all,
    restrictions,  ///< whatever the policy allows is left out
  };
  void add(const Policy& policy, Part part);

  Permissions allowed() const { return allow_; }
  /// Policies that take permissions away, or this one permission, in the order of add().
  std::vector<std::string> denying(std::optional<Permission> one = std::nullopt) const;
  Grant grant() const;

 private:
  std::vector<std::string> names_;
  std::vector<std::pair<std::string, Permissions>> denying_;
  Permissions allow_;
  Permissions deny_;
  Requirements requirements_;
  RecordRules record_;
  LimitRules limits_;
};

}  // namespace sallyport::policy
