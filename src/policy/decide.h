// SPDX-License-Identifier: Apache-2.0
// The decision: who may reach which target as which account, to do what, recorded how. Trusted side, pure, and closed:
// what no policy names is refused, and a deny overrides every allow.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "policy/permission.h"
#include "policy/program_bound.h"
#include "policy/proof_limits.h"
#include "policy/requirements.h"
#include "policy/snapshot.h"

namespace sallyport::policy {

struct Request {
  std::string user;
  std::vector<std::string> groups;  ///< beside those that the resources give, such as a directory's
  std::string target;
  std::string account;
  base::Micros time_us = 0;  ///< when it is asked
  std::string source;        ///< the user's numeric address, without a port
  ProofLimits proof = {};    ///< what the user's proof permits at most
  /// For a user who is not in the inventory yet: as if they were; it outlives the request.
  const User* as = nullptr;
  /// Whether a policy that allows does so whatever its conditions say: what it demands counts then, too.
  bool whatever_conditions = false;
};

/// Defaults for what no matching policy mentions.
struct RecordSettings {
  std::int64_t bulk_after_bytes = std::int64_t{4} << 20;  ///< of a non-terminal stream, recorded verbatim up to here
  bool bulk_hash = true;                                  ///< hash what follows
  bool strict = false;                                    ///< sync before Enter, exec and file operations
  bool operator==(const RecordSettings&) const = default;
};

/// 0 means no limit.
struct Limits {
  std::int64_t idle_seconds = 0;        ///< no data in either direction on any channel
  std::int64_t input_idle_seconds = 0;  ///< nothing typed into a terminal
  std::int64_t duration_seconds = 0;
  // Sessions at a time, this one included:
  std::int64_t sessions_per_user = 0;
  std::int64_t sessions_per_target = 0;
  std::int64_t sessions_per_account = 0;  ///< on all targets together
  bool exclusive = false;                 ///< no other session as this account on this target
  bool operator==(const Limits&) const = default;
};

/// Allowed, once the requirements are met: unmet() says whether they are. Where several policies match, permissions and
/// requirements add up, and the stricter record rule and limit holds.
struct Grant {
  Permissions permissions;
  Requirements requirements;
  RecordSettings record;
  Limits limits;
  std::vector<std::string> policies;  ///< that matched, sorted
  ProofLimits proof = {};             ///< of the request; the permissions are within it already
  ProgramBound bound = {};            ///< by the approval under which it is used; the policies leave it empty
  bool operator==(const Grant&) const = default;
};

enum class DenialReason {
  unknown_user,
  disabled_user,
  outside_sources,  ///< a service account, from an address that its own resource does not name
  unknown_target,
  unknown_account,
  account_not_on_target,  ///< the account's own selector does not name the target
  no_policy,              ///< nothing allows it
  conditions,             ///< a policy would, at another time or from another source
  proof_limits,           ///< policies allow it, and the certificate does not permit it
  invitation,             ///< the user is an outsider, whose invitation is for something else, or over
  denied_by_policy,       ///< a policy with effect deny, or denies that leave no permission
};

const char* to_string(DenialReason reason);

struct Denial {
  DenialReason reason = DenialReason::no_policy;
  std::vector<std::string> policies;  ///< that denied, sorted; empty for the other reasons
  std::string detail;                 ///< the whole truth, for the audit log and `policy test`
  /// For the user: the same words whether a name is unknown or only not allowed, so that nobody learns the inventory.
  std::string message;
  bool operator==(const Denial&) const = default;
};

using Decision = std::variant<Grant, Denial>;

/// The decision for one request.
Decision decide(const Snapshot& snapshot, const Request& request);

/// One target as one account, which a user may reach.
struct Choice {
  std::string account;
  std::string target;
  bool operator==(const Choice&) const = default;
};

/// All that decide() would grant to this user now, sorted by target, then account.
std::vector<Choice> choices(const Snapshot& snapshot, std::string_view user, const std::vector<std::string>& groups,
                            base::Micros time_us, std::string_view source);

/// Whether choices() would name this target.
bool reaches(const Snapshot& snapshot, std::string_view user, std::string_view target, base::Micros time_us,
             std::string_view source);

/// How one policy stands towards a request.
struct Consideration {
  enum class Outcome {
    allows,
    denies,
    restricts,  ///< the user is an outsider: it allows nothing, and whatever it denies or demands holds
    other_subject,
    other_target,
    other_account,
    other_time,    ///< its condition on time does not hold
    other_source,  ///< its condition on the user's address does not hold
    uncertain,     ///< a condition cannot be judged: it allows nothing, and whatever it denies or demands holds
  };
  std::string policy;
  Outcome outcome = Outcome::allows;
  std::string why;  ///< for people; of the last three outcomes
};

const char* to_string(Consideration::Outcome outcome);

/// Every policy, by name, with its outcome.
std::vector<Consideration> explain(const Snapshot& snapshot, const Request& request);

/// The user's groups: his own, those that list him as a member, and the additional ones; sorted, each once. Outsiders
/// have none.
std::vector<std::string> groups_of(const Snapshot& snapshot, std::string_view user,
                                   const std::vector<std::string>& additional);

/// The outsider behind the request; null: the user is none, or unknown.
const Outsider* outsider_of(const Snapshot& snapshot, const Request& request);

/// Whose account of the gateway's machine this is; null: nobody's, or claimed by more than one.
const User* owner_of_local_account(const Snapshot& snapshot, std::string_view account);

/// The roles of a known, enabled user: `user`, and what his resource and the role bindings give; none for others, and
/// for outsiders.
std::vector<Role> roles_of(const Snapshot& snapshot, std::string_view user, const std::vector<std::string>& groups);

/// Whether the selector chooses the target.
bool matches(const Selector& selector, const Target& target);

}  // namespace sallyport::policy
