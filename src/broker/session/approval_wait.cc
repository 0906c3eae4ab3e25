// SPDX-License-Identifier: Apache-2.0
// Look for an approval, ask for it, wait for it.
#include "broker/session/approval_wait.h"

#include <algorithm>
#include <utility>

#include "base/text_time.h"

namespace sallyport::broker {

using policy::AccessRequest;
using policy::RequestState;

namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string waiting_text(const AccessRequest& request) {
  std::string who;
  for (const policy::ApprovalRule& rule : request.rules) who += (who.empty() ? "" : ", and ") + approvers_text(rule);
  return request.account + "@" + listed(request.targets) + " needs the approval of " + who + ".\nRequest " +
         request_code(request.id) +
         " waits for it; this session goes on by itself when it is approved. You may also leave and connect again "
         "later.";
}

std::string closed_text(const AccessRequest& request, RequestState state) {
  std::string out = "Request " + request_code(request.id) + " is " + policy::to_string(state);
  if (!request.closed_by.empty()) out += ", by " + request.closed_by;
  for (const policy::Vote& vote : request.votes) {
    if (!vote.approves && !vote.comment.empty()) out += ": " + vote.comment;
  }
  return out + ".";
}

}  // namespace

std::string approvers_text(const policy::ApprovalRule& rule) {
  std::string out = std::to_string(rule.count) + " of " + listed(rule.users);
  if (!rule.users.empty() && !rule.groups.empty()) out += " or ";
  if (!rule.groups.empty()) out += (rule.groups.size() == 1 ? "the group " : "the groups ") + listed(rule.groups);
  return out;
}

void ApprovalWait::begin(AccessRequests::Claim claim, const std::string& source, const std::string& instead) {
  wanted_ = std::move(claim);
  source_ = source;
  instead_ = instead;
  hold_until_us_ = clock_.monotonic_us() + kHoldUs;
  this->claim(true);
}

void ApprovalWait::stop() {
  stopped_ = true;
  desk_.forget();
  alarm_.cancel();
}

void ApprovalWait::fail(const std::string& text, const std::string& reason) {
  stop();
  owner_.not_approved(text, reason);
}

void ApprovalWait::claim(bool may_ask) {
  desk_.claim(wanted_, [this, may_ask](auto found) { claimed(std::move(found), may_ask); });
}

void ApprovalWait::claimed(base::Result<std::optional<AccessRequest>> found, bool may_ask) {
  if (stopped_) return;
  if (!found) return fail("The gateway cannot look for an approval now. Try again later.", found.message());
  if (*found) {
    stop();
    return owner_.approved(**found);
  }
  if (may_ask && !wanted_.invitation.empty()) {
    id_ = wanted_.invitation;
    desk_.watch(id_, [this] { look(); });
    return look();
  }
  if (may_ask && !instead_.empty()) return fail(instead_, "no request was made before");
  if (may_ask) return ask();
  if (!wanted_.invitation.empty()) {
    return fail("Your invitation opens nothing now: it begins later, or its sessions are used up.",
                "the invitation does not count now");
  }
  // It is approved, and grants nothing now: it starts later, or the policies demand more by now.
  fail("Request " + request_code(id_) + " is approved, and does not count now: see when it starts, or ask again.",
       "the approval does not count now");
}

void ApprovalWait::ask() {
  RequestDraft draft;
  draft.requester = wanted_.user;
  draft.requester_life = wanted_.life;
  draft.account = wanted_.account;
  draft.targets = {wanted_.target};
  draft.rules = wanted_.rules;
  draft.allowed = {wanted_.allowed};
  draft.valid_seconds = draft.rules.front().valid_seconds;
  for (const policy::ApprovalRule& rule : draft.rules) {
    draft.valid_seconds = std::min(draft.valid_seconds, rule.valid_seconds);
  }
  draft.decide_within_us = kDecideWithinUs;
  draft.joins = true;
  draft.actor = wanted_.user;
  draft.source = source_;
  desk_.create(std::move(draft), [this](auto made) { asked(std::move(made)); });
}

void ApprovalWait::asked(base::Result<AccessRequest> made) {
  if (stopped_) return;
  if (!made)
    return fail("This access needs approval, and no request can be made: " + made.message() + ".", made.message());
  id_ = made->id;
  desk_.watch(id_, [this] { look(); });
  told_ = true;
  owner_.waits_for_approval(waiting_text(*made), request_code(made->id));
  // It may have been decided before it was watched.
  look();
}

void ApprovalWait::look() {
  if (stopped_ || looking_) return;
  looking_ = true;
  desk_.look(id_, [this](auto request) {
    looking_ = false;
    looked(std::move(request));
  });
}

void ApprovalWait::looked(base::Result<AccessRequest> request) {
  if (stopped_) return;
  // A database that is away for a moment decides nothing.
  const RequestState state = request ? policy::state_at(*request, clock_.now_us()) : RequestState::waiting;
  if (state == RequestState::approved) return claim(false);
  if (state != RequestState::waiting) return fail(closed_text(*request, state), "the request is not approved");
  if (request && !std::exchange(told_, true)) {
    owner_.waits_for_approval(waiting_text(*request), request_code(request->id));
  }
  if (clock_.monotonic_us() >= hold_until_us_) {
    return fail("Nobody has decided request " + request_code(id_) +
                    " yet. It goes on waiting: connect again when it is approved.",
                "no approval in time");
  }
  alarm_.after_us(kLookUs, [this] { look(); });
}

}  // namespace sallyport::broker
