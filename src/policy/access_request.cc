// SPDX-License-Identifier: Apache-2.0
// The life of a request for access.
#include "policy/access_request.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/escape.h"
#include "policy/match.h"

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kMaxReasonBytes = 1024;
constexpr std::size_t kMaxTargets = 1000;
constexpr std::int64_t kMaxSessions = 10'000;
constexpr std::int64_t kMaxValidSeconds = std::int64_t{366} * 86'400;
constexpr std::size_t kMaxVotes = 100;

struct Word {
  RequestState state;
  const char* word;
};
constexpr std::array kWords{
    Word{RequestState::waiting, "waiting"}, Word{RequestState::approved, "approved"},
    Word{RequestState::denied, "denied"},   Word{RequestState::cancelled, "cancelled"},
    Word{RequestState::expired, "expired"}, Word{RequestState::ended, "ended"},
};

bool is_line(std::string_view text, std::size_t max_bytes) {
  return text.size() <= max_bytes && base::is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           const auto u = static_cast<unsigned char>(c);
           return u < 0x20 || u == 0x7f;
         });
}

bool is_enabled(const Snapshot& snapshot, std::string_view name) {
  const User* user = snapshot.user(name);
  return user != nullptr && !user->disabled && !user->outsider;
}

bool same_person(const AccessRequest& request, std::string_view user) {
  return user == request.requester || (!request.sponsor.empty() && user == request.sponsor);
}

// Whether the votes of those who still may approve meet each of the rules.
bool enough(const Snapshot& snapshot, const AccessRequest& request, const std::vector<ApprovalRule>& rules,
            base::Micros now_us) {
  Requirements required;
  required.approvals = rules;
  Proofs proofs;
  proofs.user = request.requester;
  proofs.approvals = approvals_of(snapshot, request, now_us);
  return unmet(required, proofs).empty();
}

Status decided_already(RequestState state) {
  return fail(Errc::invalid, std::string("this request is ") + to_string(state) + " already");
}

}  // namespace

const char* to_string(RequestState state) {
  for (const Word& one : kWords) {
    if (one.state == state) return one.word;
  }
  return "unknown";
}

Result<RequestState> request_state_from(std::string_view word) {
  for (const Word& one : kWords) {
    if (word == one.word) return one.state;
  }
  return fail(Errc::invalid, "'" + base::escape_for_terminal(word, 40) +
                                 "' is no state of a request; there are waiting, approved, denied, cancelled, expired, "
                                 "ended");
}

Status check_request(const AccessRequest& request) {
  if (request.targets.empty() || request.targets.size() > kMaxTargets) {
    return fail(Errc::invalid, "a request names 1 to " + std::to_string(kMaxTargets) + " targets");
  }
  if (std::set<std::string>(request.targets.begin(), request.targets.end()).size() != request.targets.size()) {
    return fail(Errc::invalid, "a request names each target once");
  }
  if (!std::all_of(request.targets.begin(), request.targets.end(), is_name) || !is_name(request.account)) {
    return fail(Errc::invalid, "a request names one account and its targets by their names in the inventory");
  }
  if (!is_line(request.reason, kMaxReasonBytes)) {
    return fail(Errc::invalid, "a reason is one line of text, at most " + std::to_string(kMaxReasonBytes) + " bytes");
  }
  if (!is_line(request.ticket, kMaxTicketBytes)) {
    return fail(Errc::invalid, "a ticket is one line of text, at most " + std::to_string(kMaxTicketBytes) + " bytes");
  }
  if (request.valid_seconds < 1 || request.valid_seconds > kMaxValidSeconds) {
    return fail(Errc::invalid, "a request is for one second to 366 days");
  }
  if (request.max_sessions < 0 || request.max_sessions > kMaxSessions) {
    return fail(Errc::invalid, "a request is for at most " + std::to_string(kMaxSessions) + " sessions");
  }
  if (Status good = check_bound(request.bound); !good) return good;
  if (request.start_us != 0 && request.start_us > request.created_us + kMaxValidSeconds * 1'000'000) {
    return fail(Errc::invalid, "a request starts within 366 days");
  }
  return {};
}

bool is_approver(const Snapshot& snapshot, const ApprovalRule& rule, std::string_view user) {
  if (user == kRoot) return true;
  return is_enabled(snapshot, user) &&
         names_subject(Subjects{rule.users, rule.groups}, user, groups_of(snapshot, user, {}));
}

bool may_decide(const Snapshot& snapshot, const AccessRequest& request, std::string_view user) {
  return !same_person(request, user) && std::any_of(request.rules.begin(), request.rules.end(), [&](const auto& rule) {
    return is_approver(snapshot, rule, user);
  });
}

bool has_part(const Snapshot& snapshot, const AccessRequest& request, std::string_view user) {
  return same_person(request, user) || may_decide(snapshot, request, user);
}

std::vector<ApprovalProof> approvals_of(const Snapshot& snapshot, const AccessRequest& request, base::Micros now_us) {
  // Its time has not begun before it is approved.
  const base::Micros age_us = request.approved_us == 0 ? 0 : std::max<base::Micros>(0, now_us - good_from_us(request));
  std::vector<ApprovalProof> out;
  if (request.emergency) out.push_back({request.id, "", {}, age_us, true});
  for (const Vote& vote : request.votes) {
    if (!vote.approves || same_person(request, vote.voter)) continue;
    if (vote.voter != kRoot && !is_enabled(snapshot, vote.voter)) continue;
    out.push_back({request.id, vote.voter, groups_of(snapshot, vote.voter, {}), age_us, false});
  }
  return out;
}

const ApprovedPlace* place_of(const AccessRequest& request, std::string_view target) {
  const auto found = std::find_if(request.places.begin(), request.places.end(),
                                  [&](const ApprovedPlace& place) { return place.target == target; });
  return found == request.places.end() ? nullptr : &*found;
}

bool is_invitation(const AccessRequest& request) {
  return !request.sponsor.empty();
}

base::Micros good_from_us(const AccessRequest& request) {
  return request.approved_us == 0 ? 0 : std::max(request.approved_us, request.start_us);
}

base::Micros good_until_us(const AccessRequest& request) {
  if (request.approved_us == 0) return 0;
  const base::Micros until = good_from_us(request) + request.valid_seconds * 1'000'000;
  return is_invitation(request) ? std::min(until, request.decide_by_us) : until;
}

RequestState state_at(const AccessRequest& request, base::Micros now_us) {
  if (request.state == RequestState::waiting && now_us >= request.decide_by_us) return RequestState::expired;
  if (request.state == RequestState::approved && now_us >= good_until_us(request)) return RequestState::expired;
  return request.state;
}

Status cast_vote(const Snapshot& snapshot, AccessRequest& request, Vote vote) {
  if (const RequestState now = state_at(request, vote.at_us); now != RequestState::waiting) return decided_already(now);
  if (vote.voter == request.requester) return fail(Errc::denied, "nobody decides a request of their own");
  if (!request.sponsor.empty() && vote.voter == request.sponsor) {
    return fail(Errc::denied, "a sponsor does not decide the requests of a guest");
  }
  if (!may_decide(snapshot, request, vote.voter)) {
    return fail(Errc::denied, "this request is for other approvers to decide");
  }
  if (!is_line(vote.comment, kMaxReasonBytes)) {
    return fail(Errc::invalid, "a comment is one line of text, at most " + std::to_string(kMaxReasonBytes) + " bytes");
  }
  if (std::any_of(request.votes.begin(), request.votes.end(),
                  [&](const Vote& earlier) { return earlier.voter == vote.voter; })) {
    return fail(Errc::invalid, "you have approved this request already; others must, too");
  }
  if (request.votes.size() >= kMaxVotes) return fail(Errc::full, "this request has too many votes");
  request.votes.push_back(std::move(vote));
  const Vote& last = request.votes.back();
  if (!last.approves) {
    request.state = RequestState::denied;
    request.closed_us = last.at_us;
    request.closed_by = last.voter;
    return {};
  }
  if (enough(snapshot, request, request.rules, last.at_us)) {
    request.state = RequestState::approved;
    request.approved_us = last.at_us;
  }
  return {};
}

Status break_glass(AccessRequest& request, base::Micros now_us) {
  if (!std::all_of(request.rules.begin(), request.rules.end(), [](const auto& rule) { return rule.break_glass; })) {
    return fail(Errc::denied, "the policies let nobody break the glass here: ask for an approval");
  }
  if (request.reason.empty()) return fail(Errc::invalid, "whoever breaks the glass says why");
  request.emergency = true;
  request.state = RequestState::approved;
  request.approved_us = now_us;
  return {};
}

Status state_reason(AccessRequest& request, base::Micros now_us) {
  if (!request.rules.empty()) return fail(Errc::invalid, "this access needs approval");
  if (request.reason.empty() && request.ticket.empty())
    return fail(Errc::invalid, "say why: give a reason or a ticket");
  request.stated = true;
  request.state = RequestState::approved;
  request.approved_us = now_us;
  return {};
}

bool is_to_review(const AccessRequest& request) {
  return request.emergency && request.reviewed_by.empty();
}

Status review_request(const Snapshot& snapshot, AccessRequest& request, std::string_view reviewer,
                      const std::string& comment, base::Micros now_us) {
  if (!request.emergency) return fail(Errc::invalid, "this request was no emergency");
  if (!is_to_review(request)) return fail(Errc::invalid, "this emergency was reviewed by " + request.reviewed_by);
  if (same_person(request, reviewer)) return fail(Errc::denied, "nobody reviews an emergency of their own");
  if (!may_decide(snapshot, request, reviewer)) return fail(Errc::denied, "this is for other approvers to review");
  if (!is_line(comment, kMaxReasonBytes)) {
    return fail(Errc::invalid, "a comment is one line of text, at most " + std::to_string(kMaxReasonBytes) + " bytes");
  }
  request.reviewed_by = std::string(reviewer);
  request.reviewed_us = now_us;
  request.review = comment;
  return {};
}

Status close_request(const Snapshot& snapshot, AccessRequest& request, std::string_view actor, base::Micros now_us) {
  const RequestState now = state_at(request, now_us);
  if (now != RequestState::waiting && now != RequestState::approved) return decided_already(now);
  const bool own = actor == request.requester;
  if (!own && !may_decide(snapshot, request, actor)) {
    return fail(Errc::denied, "only the requester, and whoever may approve it, ends a request");
  }
  if (!own && now == RequestState::waiting) {
    return fail(Errc::invalid, "this request waits for a decision: approve or deny it");
  }
  request.state = now == RequestState::waiting ? RequestState::cancelled : RequestState::ended;
  request.closed_us = now_us;
  request.closed_by = std::string(actor);
  return {};
}

Status check_grants(const Snapshot& snapshot, const AccessRequest& request, const Wanted& wanted,
                    const std::vector<ApprovalRule>& demanded, base::Micros now_us) {
  if (request.requester != wanted.user || request.requester_life != wanted.life) {
    return fail(Errc::denied, "it is another user's request");
  }
  const bool names = request.account == wanted.account &&
                     std::find(request.targets.begin(), request.targets.end(), wanted.target) != request.targets.end();
  if (!names) return fail(Errc::denied, "it is a request for something else");
  // Whoever approved it did so for what these names meant.
  const ApprovedPlace* place = place_of(request, wanted.target);
  const bool same =
      place == nullptr ? request.places.empty() : place->meaning == meaning_of(snapshot, wanted.account, wanted.target);
  if (!same) return fail(Errc::denied, "the target or the account was changed since it was asked for");
  const RequestState state = state_at(request, now_us);
  if (state != RequestState::approved) return fail(Errc::denied, std::string("the request is ") + to_string(state));
  // A clock that was set back must not make an approval last longer than it was meant to.
  if (now_us < request.approved_us) return fail(Errc::denied, "the request was approved later than now");
  if (now_us < good_from_us(request)) return fail(Errc::denied, "the time of the request has not come yet");
  if (request.max_sessions != 0 && request.sessions_opened >= request.max_sessions) {
    return fail(Errc::denied, "as many sessions as the request is for were opened");
  }
  if (!enough(snapshot, request, demanded, now_us)) {
    return fail(Errc::denied, "too few of those who approved it may approve it now");
  }
  return {};
}

}  // namespace sallyport::policy
