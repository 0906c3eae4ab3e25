// SPDX-License-Identifier: Apache-2.0
// How one policy stands towards what is asked for: the one answer that decisions and their explanation share. Trusted
// side, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/decide.h"

namespace sallyport::policy {

/// `groups` sorted, as groups_of() gives them.
bool names_subject(const Subjects& subjects, std::string_view user, const std::vector<std::string>& groups);
bool names_account(const Policy& policy, std::string_view account);

/// A request and what is looked up for it once. Both outlive it.
struct Asked {
  Asked(const Snapshot& of, const Request& what);
  const Snapshot& snapshot;
  const Request& request;
  std::vector<std::string> groups;          ///< the user's, sorted
  const Outsider* outsider;                 ///< who asks; null: none
  std::vector<std::string> sponsor_groups;  ///< of the outsider's sponsor
  const Target* target;                     ///< null when there is none of that name
};

/// Whether what the policy allows is for whoever asks: for an outsider only where it names the sponsor as one.
bool is_for(const Policy& policy, const Asked& asked);

Consideration::Outcome stand(const Policy& policy, const Asked& asked);

/// Whether a policy with this outcome has a part in the decision.
constexpr bool concerns(Consideration::Outcome outcome) {
  using Outcome = Consideration::Outcome;
  return outcome == Outcome::allows || outcome == Outcome::denies || outcome == Outcome::restricts ||
         outcome == Outcome::uncertain;
}

/// What is the matter with the policy's conditions; empty when they hold.
std::string why_not(const Policy& policy, const Asked& asked);

}  // namespace sallyport::policy
