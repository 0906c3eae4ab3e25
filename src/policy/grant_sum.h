// SPDX-License-Identifier: Apache-2.0
// Adds policies up to a grant: permissions and requirements add up, and the stricter of each rule and limit wins. The
// order of the policies is no matter. Trusted side, pure.
#pragma once

#include <string>
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
  /// Policies that take permissions away, in the order of add().
  const std::vector<std::string>& denying() const { return denying_; }
  Grant grant() const;

 private:
  std::vector<std::string> names_;
  std::vector<std::string> denying_;
  Permissions allow_;
  Permissions deny_;
  Requirements requirements_;
  RecordRules record_;
  LimitRules limits_;
};

}  // namespace sallyport::policy
