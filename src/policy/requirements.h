// SPDX-License-Identifier: Apache-2.0
// What a grant demands before it may be used, and the one place that says whether it is proved. Trusted side, pure, and
// closed: a requirement without its proof is unmet, also one that no part of the gateway can prove yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sallyport::policy {

/// A second factor.
enum class Factor : std::uint8_t { totp };

/// "totp".
const char* to_string(Factor factor);
/// Errors: invalid, listing the factors there are.
base::Result<Factor> factor_from(std::string_view word);

/// Who must approve, and how long that holds.
struct ApprovalRule {
  std::vector<std::string> users;   ///< any of them may approve
  std::vector<std::string> groups;  ///< and any member of these
  std::int64_t count = 1;           ///< so many different ones
  std::int64_t valid_seconds = 0;   ///< from an approval on
  bool break_glass = false;         ///< in an emergency the user goes on at once, and somebody reviews it later
  auto operator<=>(const ApprovalRule&) const = default;
};

/// Who must watch, and how long a session waits for them.
struct SupervisorRule {
  std::vector<std::string> users;   ///< any of them may supervise
  std::vector<std::string> groups;  ///< and any member of these; nobody named at all: auditors and administrators
  std::int64_t wait_seconds = 0;    ///< a session without one is paused for so long, then it ends
  auto operator<=>(const SupervisorRule&) const = default;
};

/// What one policy demands.
struct RequireRules {
  std::vector<Factor> factors;
  std::optional<std::int64_t> remember_seconds;  ///< a factor that was proved before counts for so long
  std::optional<std::int64_t>
      max_age_seconds;  ///< a factor that was proved longer ago counts no more, whatever proved it
  std::optional<ApprovalRule> approval;
  bool reason = false;
  std::string ticket;  ///< a pattern of RE2 that all of the ticket's number must match; empty: no ticket
  std::optional<SupervisorRule> supervisor;
  bool empty() const;
  bool operator==(const RequireRules&) const = default;
};

/// What all policies of a grant demand together: everything that any of them does. The order of policies is no matter:
/// lists are sorted, and hold each thing once.
struct Requirements {
  std::vector<Factor> factors;
  /// The shortest time that a policy with factors names; one that names none remembers nothing, and the sum is 0.
  std::int64_t remember_seconds = 0;
  std::optional<std::int64_t> max_age_seconds;  ///< the shortest that a policy names
  std::vector<ApprovalRule> approvals;          ///< each of them; one approval may serve several
  bool reason = false;
  std::vector<std::string> tickets;         ///< patterns, all of which the ticket must match
  std::vector<SupervisorRule> supervisors;  ///< each of them; one person may serve several

  bool empty() const;
  void add(const RequireRules& rules);
  bool operator==(const Requirements&) const = default;
};

struct FactorProof {
  enum class Kind {
    by_this_login,  ///< the user proved it for the login that asks
    remembered,     ///< an earlier login did, from the same source and with the same key
  };
  Factor factor = Factor::totp;
  Kind kind = Kind::by_this_login;
  base::Micros age_us = 0;  ///< since the proof, on a monotonic clock
};

/// How root of the gateway's machine stands among approvers. No user has this name.
inline constexpr std::string_view kRoot = "local:root";

struct ApprovalProof {
  std::string id;  ///< of the request that was approved
  std::string approver;
  std::vector<std::string> approver_groups;
  base::Micros age_us = 0;  ///< since the approval, on a monotonic clock
  bool emergency = false;   ///< nobody has approved it: the user broke the glass, with a reason
};

/// What has been shown for one session. The broker fills in only what it has checked itself.
struct Proofs {
  std::string user;  ///< who asks: nobody approves for oneself
  std::vector<FactorProof> factors;
  std::vector<ApprovalProof> approvals;
  std::string reason;
  std::string ticket;
  bool supervised = false;  ///< nothing passes in the session while a supervisor is missing
};

/// A requirement that the proofs do not meet.
struct Unmet {
  enum class What : std::uint8_t { factor, approval, reason, ticket, supervisor };
  What what = What::factor;
  Factor factor = Factor::totp;  ///< of What::factor
  std::string text;              ///< "a one-time code (totp)": what is missing, for the user and the audit log
  bool operator==(const Unmet&) const = default;
};

/// "factor", "approval", "reason", "ticket", "supervisor".
const char* to_string(Unmet::What what);

/// All that is missing, in the order of Unmet::What; empty: the grant may be used.
std::vector<Unmet> unmet(const Requirements& requirements, const Proofs& proofs);

/// One sentence that names all of it, for the user: "This access needs a reason and a ticket."
std::string sentence(const std::vector<Unmet>& missing);

/// Longest pattern, reason and ticket, in bytes.
inline constexpr std::size_t kMaxTicketPatternBytes = 256;
inline constexpr std::size_t kMaxTicketBytes = 256;

/// Errors: invalid, when RE2 cannot take the pattern, or when it matches the empty text.
base::Status check_ticket_pattern(const std::string& pattern);

}  // namespace sallyport::policy
