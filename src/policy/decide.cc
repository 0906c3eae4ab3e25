// SPDX-License-Identifier: Apache-2.0
// The decision, from a snapshot and a request alone. Pure.
#include "policy/decide.h"

#include <algorithm>

#include "base/text_time.h"
#include "policy/grant_sum.h"
#include "policy/match.h"
#include "policy/sources.h"

namespace sallyport::policy {

namespace {

constexpr std::size_t kMaxWhyBytes = 1024;

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

Denial deny(const Request& request, DenialReason reason, std::string detail) {
  Denial out;
  out.reason = reason;
  out.detail = std::move(detail);
  out.message = reason == DenialReason::unknown_user || reason == DenialReason::disabled_user
                    ? "access is denied"
                    : "you have no access to " + request.account + " on " + request.target;
  if (reason == DenialReason::invitation) out.message = "your invitation is not for this, or not good now";
  return out;
}

Denial denied_by(const Request& request, std::vector<std::string> policies, std::string detail) {
  Denial out = deny(request, DenialReason::denied_by_policy, std::move(detail));
  out.policies = std::move(policies);
  return out;
}

/// A policy that allows something only at another time or from another source.
struct Elsewhen {
  Permissions permissions;
  std::string why;
};

/// Of those that allow this, or anything.
std::string told(const std::vector<Elsewhen>& elsewhen, std::optional<Permission> one = std::nullopt) {
  std::string out;
  for (const auto& [permissions, why] : elsewhen) {
    if (!one || permissions.has(*one)) out += why;
  }
  return out;
}

/// elsewhen: why policies that allow it do so only at another time or from another source.
Denial nothing_allows(const Request& request, const std::string& detail, const std::string& elsewhen) {
  if (elsewhen.empty()) return deny(request, DenialReason::no_policy, detail);
  Denial out = deny(request, DenialReason::conditions, detail + " now" + elsewhen.substr(0, kMaxWhyBytes));
  out.message += " at this time or from this address";
  return out;
}

const User* who_asks(const Snapshot& snapshot, const Request& request) {
  return request.as != nullptr ? request.as : snapshot.user(request.user);
}

/// Why the invitation is not good for this now; empty: it is.
std::string not_invited(const Snapshot& snapshot, const Outsider& outsider, const Request& request) {
  const User* sponsor = snapshot.user(outsider.sponsor);
  if (sponsor == nullptr || sponsor->disabled || sponsor->outsider || sponsor->is_service()) {
    return "the sponsor '" + outsider.sponsor + "' is no person who may log in";
  }
  if (request.time_us < outsider.from_us) return "the invitation begins at " + base::to_rfc3339(outsider.from_us);
  if (request.time_us >= outsider.until_us)
    return "the invitation was good until " + base::to_rfc3339(outsider.until_us);
  const auto& targets = outsider.targets;
  if (request.account != outsider.account ||
      std::find(targets.begin(), targets.end(), request.target) == targets.end()) {
    return "the invitation is for something else";
  }
  return "";
}

/// What is asked for exists, and the account belongs on the target; else why not.
std::optional<Denial> missing(const Snapshot& snapshot, const Request& request) {
  const User* user = who_asks(snapshot, request);
  if (user == nullptr) return deny(request, DenialReason::unknown_user, "there is no user '" + request.user + "'");
  if (user->disabled) return deny(request, DenialReason::disabled_user, "user '" + request.user + "' is disabled");
  if (!may_come_from(*user, request.source)) {
    Denial out = deny(request, DenialReason::outside_sources, outside_sources_text(*user, request.source));
    out.message += " from this address";
    return out;
  }
  if (user->outsider) {
    if (const std::string why = not_invited(snapshot, *user->outsider, request); !why.empty()) {
      return deny(request, DenialReason::invitation, "outsider '" + request.user + "': " + why);
    }
  }
  const Target* target = snapshot.target(request.target);
  if (target == nullptr) {
    return deny(request, DenialReason::unknown_target, "there is no target '" + request.target + "'");
  }
  const Account* account = snapshot.account(request.account);
  if (account == nullptr) {
    return deny(request, DenialReason::unknown_account, "there is no account '" + request.account + "'");
  }
  if (!matches(account->targets, *target)) {
    return deny(request, DenialReason::account_not_on_target,
                "account '" + request.account + "' is not for target '" + request.target + "': see its key targets");
  }
  return std::nullopt;
}

/// The number of sessions that a service account itself may have is a limit like those of policies.
void bound_by_user(const User& user, Limits& limits) {
  if (!user.sessions) return;
  std::int64_t& most = limits.sessions_per_user;
  most = most == 0 ? *user.sessions : std::min(most, *user.sessions);
}

/// Without each of these a target of this protocol is not to be reached at all.
std::vector<Permission> needed_at(const Target& target) {
  if (target.protocol == Protocol::telnet) return {Permission::telnet, Permission::shell};
  return {};
}

/// Takes away what the proof does not permit. A denial, where nothing is left, or not what the target needs.
std::optional<Denial> bound_by_proof(const Request& request, const Target& target, Grant& grant) {
  grant.proof = request.proof;
  grant.permissions.keep(request.proof.at_most);
  const std::vector<Permission> needed = needed_at(target);
  const bool enough = std::all_of(needed.begin(), needed.end(), [&](Permission p) { return grant.permissions.has(p); });
  if (enough && !grant.permissions.empty()) return std::nullopt;
  Denial out =
      deny(request, DenialReason::proof_limits,
           "the certificate of the login does not permit what the policies allow on target '" + request.target + "'");
  out.message += " with this certificate";
  return out;
}

std::optional<Denial> lacking(const Request& request, const Target& target, const GrantSum& sum, Permissions left,
                              const std::vector<Elsewhen>& elsewhen) {
  for (const Permission needed : needed_at(target)) {
    if (left.has(needed)) continue;
    const std::string word = to_string(needed);
    const std::string where =
        "target '" + request.target + "' speaks " + to_string(target.protocol) + ", which needs '" + word + "': ";
    if (!sum.allowed().has(needed)) {
      return nothing_allows(request, where + "no policy allows " + word, told(elsewhen, needed));
    }
    const std::vector<std::string> by = sum.denying(needed);
    return denied_by(request, by, where + "it is denied by policy " + joined(by));
  }
  return std::nullopt;
}

}  // namespace

const char* to_string(DenialReason reason) {
  switch (reason) {
    case DenialReason::unknown_user:
      return "unknown_user";
    case DenialReason::disabled_user:
      return "disabled_user";
    case DenialReason::outside_sources:
      return "outside_sources";
    case DenialReason::unknown_target:
      return "unknown_target";
    case DenialReason::unknown_account:
      return "unknown_account";
    case DenialReason::account_not_on_target:
      return "account_not_on_target";
    case DenialReason::no_policy:
      return "no_policy";
    case DenialReason::conditions:
      return "conditions";
    case DenialReason::proof_limits:
      return "proof_limits";
    case DenialReason::invitation:
      return "invitation";
    case DenialReason::denied_by_policy:
      return "denied_by_policy";
  }
  return "unknown";
}

Decision decide(const Snapshot& snapshot, const Request& request) {
  if (std::optional<Denial> denial = missing(snapshot, request)) return *std::move(denial);
  using Outcome = Consideration::Outcome;
  const Asked asked(snapshot, request);
  std::vector<std::string> sponsor;
  if (asked.outsider != nullptr) sponsor = PolicyIndex::words_of_sponsor(asked.outsider->sponsor, asked.sponsor_groups);
  GrantSum sum;
  std::vector<std::string> refusing;
  std::vector<Elsewhen> elsewhen;
  for (const std::string_view name :
       snapshot.index.candidates(request.user, asked.groups, *asked.target, request.account, sponsor)) {
    const Policy& policy = snapshot.indexed_policy(name);
    const Outcome outcome = stand(policy, asked);
    const bool conditional = outcome == Outcome::other_time || outcome == Outcome::other_source;
    if (!concerns(outcome) && !conditional) continue;
    if (conditional || outcome == Outcome::uncertain) {
      if (!policy.allow.empty() && is_for(policy, asked)) {
        elsewhen.push_back({policy.allow, "; policy " + policy.name + ": " + why_not(policy, asked)});
      }
      if (conditional) continue;
    }
    if (policy.effect == Effect::deny) {
      refusing.push_back(policy.name);
    } else {
      const bool allows = outcome != Outcome::uncertain && outcome != Outcome::restricts;
      sum.add(policy, allows ? GrantSum::Part::all : GrantSum::Part::restrictions);
    }
  }
  if (!refusing.empty()) {
    return denied_by(request, refusing, "refused by policy " + joined(refusing) + " (effect: deny)");
  }
  if (sum.allowed().empty()) {
    return nothing_allows(request,
                          "no policy allows user '" + request.user + "' anything as account '" + request.account +
                              "' on target '" + request.target + "'",
                          told(elsewhen));
  }
  Grant grant = sum.grant();
  if (grant.permissions.empty()) {
    return denied_by(request, sum.denying(), "all that is allowed is denied again by policy " + joined(sum.denying()));
  }
  if (std::optional<Denial> denial = lacking(request, *asked.target, sum, grant.permissions, elsewhen))
    return *std::move(denial);
  if (std::optional<Denial> denial = bound_by_proof(request, *asked.target, grant)) return *std::move(denial);
  bound_by_user(*who_asks(snapshot, request), grant.limits);
  return grant;
}

}  // namespace sallyport::policy
