// SPDX-License-Identifier: Apache-2.0
// From a wish to a draft.
#include "broker/access/request_draft.h"

#include <algorithm>
#include <variant>

#include "policy/decide.h"

namespace sallyport::broker {
namespace {

// How long a reason counts that nobody has to approve.
constexpr std::int64_t kStatedSeconds = 3600;
constexpr std::int64_t kMaxStatedSeconds = 86'400;
constexpr base::Micros kDecideWithinUs = base::Micros{24} * 3600 * 1'000'000;

// What the policies demand for all that is asked; notes what they allow. Errors: denied, invalid.
base::Result<policy::Requirements> demanded(const PolicyState& state, const std::string& source_host,
                                            base::Micros now_us, RequestDraft& draft) {
  policy::Requirements out;
  for (const std::string& target : draft.targets) {
    policy::Request request;
    request.user = draft.requester;
    request.account = draft.account;
    request.target = target;
    request.source = source_host;
    request.time_us = draft.start_us == 0 ? now_us : draft.start_us;
    const policy::Decision decision = policy::decide(state.resources, request);
    if (const auto* denial = std::get_if<policy::Denial>(&decision)) {
      return base::fail(base::Errc::denied, denial->message);
    }
    draft.allowed.push_back(std::get<policy::Grant>(decision).permissions);
    const policy::Requirements& own = std::get<policy::Grant>(decision).requirements;
    if (own.approvals.empty() && !own.reason && own.tickets.empty()) {
      return base::fail(base::Errc::invalid,
                        draft.account + "@" + target + " needs no approval and no reason: just connect");
    }
    for (const policy::ApprovalRule& rule : own.approvals) {
      if (std::find(out.approvals.begin(), out.approvals.end(), rule) == out.approvals.end()) {
        out.approvals.push_back(rule);
      }
    }
    out.reason = out.reason || own.reason;
    out.tickets.insert(out.tickets.end(), own.tickets.begin(), own.tickets.end());
  }
  return out;
}

// Reason and ticket are given now: nobody is there to ask when the session opens.
base::Status check_words(const policy::Requirements& required, const RequestDraft& draft) {
  policy::Requirements words;
  words.reason = required.reason;
  words.tickets = required.tickets;
  policy::Proofs given;
  given.user = draft.requester;
  given.reason = draft.reason;
  given.ticket = draft.ticket;
  const auto missing = policy::unmet(words, given);
  if (missing.empty()) return {};
  return base::fail(base::Errc::invalid, policy::sentence(missing));
}

// Nobody has to approve it: it counts as soon as it is made.
base::Status complete_statement(RequestDraft& draft) {
  if (draft.emergency)
    return base::fail(base::Errc::invalid, "this access needs no approval: give a reason, and connect");
  if (!draft.bound.empty())
    return base::fail(base::Errc::invalid, "this access needs no approval: nobody would check what runs");
  if (draft.valid_seconds == 0) draft.valid_seconds = kStatedSeconds;
  if (draft.valid_seconds > kMaxStatedSeconds) {
    return base::fail(base::Errc::invalid, "a reason counts for a day at most");
  }
  return {};
}

}  // namespace

base::Status complete_draft(const PolicyState& state, const std::string& source_host, base::Micros now_us,
                            RequestDraft& draft) {
  const auto incarnation = state.incarnation_of(draft.requester);
  if (!incarnation) {
    return base::fail(base::Errc::not_found, "'" + draft.requester + "' is no user who may log in");
  }
  if (state.resources.outsiders.contains(draft.requester)) {
    return base::fail(base::Errc::denied, "an outsider has what the invitation is for: ask the one who invited you");
  }
  draft.requester_life = incarnation->life;
  if (draft.targets.empty()) return base::fail(base::Errc::invalid, "a request names a target");
  if (draft.start_us != 0 && draft.start_us < now_us)
    return base::fail(base::Errc::invalid, "its start is in the past");
  auto required = demanded(state, source_host, now_us, draft);
  if (!required) return base::pass(required);
  if (auto words = check_words(*required, draft); !words) return words;
  draft.rules = required->approvals;
  if (draft.rules.empty()) return complete_statement(draft);
  std::int64_t longest = draft.rules.front().valid_seconds;
  for (const policy::ApprovalRule& rule : draft.rules) longest = std::min(longest, rule.valid_seconds);
  if (draft.valid_seconds == 0) draft.valid_seconds = longest;
  if (draft.valid_seconds > longest) {
    return base::fail(base::Errc::invalid,
                      "the policies let an approval count for " + std::to_string(longest) + " seconds at most");
  }
  draft.decide_within_us = kDecideWithinUs;
  return {};
}

}  // namespace sallyport::broker
