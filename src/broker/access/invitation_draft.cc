// SPDX-License-Identifier: Apache-2.0
// Making an invitation: what the policies let its sponsor invite somebody to, and what they demand for it.
#include <algorithm>

#include "base/id.h"
#include "broker/access/access_requests.h"
#include "broker/access/declared.h"
#include "broker/access/invitations.h"
#include "broker/access/request_rows.h"
#include "identity/recovery_code.h"
#include "policy/decide.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

bool names(const policy::Subjects& subjects, const std::string& user) {
  return std::find(subjects.users.begin(), subjects.users.end(), user) != subjects.users.end();
}

bool lists(const std::vector<std::string>& users, const std::string& user) {
  return std::find(users.begin(), users.end(), user) != users.end();
}

// A name that resources mean somebody else by must not become an outsider's.
bool is_named(const policy::Snapshot& resources, const std::string& user) {
  const auto in_policy = [&user](const auto& entry) {
    const policy::Policy& policy = entry.second;
    const auto& require = policy.require;
    return names(policy.subjects, user) || names(policy.sponsors, user) ||
           (require.approval && lists(require.approval->users, user)) ||
           (require.supervisor && lists(require.supervisor->users, user));
  };
  return std::any_of(resources.policies.begin(), resources.policies.end(), in_policy) ||
         std::any_of(resources.roles.begin(), resources.roles.end(),
                     [&user](const auto& entry) { return names(entry.second.subjects, user); }) ||
         resources.memberships.contains(user);
}

Status check_draft(const policy::Snapshot& resources, const InvitationDraft& draft, base::Micros now_us) {
  if (!policy::is_name(draft.user) || draft.user == policy::kInviteLogin) {
    return fail(Errc::invalid,
                "an outsider's name is 1 to 64 of a-z 0-9 . _ -, begins with a letter or digit, and is not '" +
                    std::string(policy::kInviteLogin) + "'");
  }
  if (resources.user(draft.user) != nullptr) return fail(Errc::exists, "there is a user " + draft.user + " already");
  if (is_named(resources, draft.user)) {
    return fail(Errc::exists, "a policy, group or role names '" + draft.user + "': choose another name");
  }
  if (draft.until_us <= std::max(now_us, draft.from_us))
    return fail(Errc::invalid, "its end is not after its beginning");
  if (draft.from_us != 0 && draft.from_us < now_us) return fail(Errc::invalid, "its beginning is in the past");
  return {};
}

/// The sum of what the policies demand for all that is asked for; what they allow for each of it.
Result<policy::Requirements> demanded(const policy::Snapshot& resources, const InvitationDraft& draft,
                                      const policy::User& outsider, std::vector<policy::ApprovedPlace>& allowed) {
  policy::Requirements out;
  for (const std::string& target : draft.targets) {
    policy::Request request;
    request.user = draft.user;
    request.account = draft.account;
    request.target = target;
    request.time_us = outsider.outsider->from_us;
    request.as = &outsider;
    request.whatever_conditions = true;
    const policy::Decision decision = policy::decide(resources, request);
    const auto* grant = std::get_if<policy::Grant>(&decision);
    if (grant == nullptr) {
      return fail(Errc::denied,
                  "no policy lets " + draft.sponsor + " invite outsiders to " + draft.account + "@" + target);
    }
    allowed.push_back({target, policy::meaning_of(resources, draft.account, target), grant->permissions});
    const policy::Requirements& own = grant->requirements;
    for (const policy::ApprovalRule& rule : own.approvals) {
      if (std::find(out.approvals.begin(), out.approvals.end(), rule) == out.approvals.end())
        out.approvals.push_back(rule);
    }
    out.reason = out.reason || own.reason;
    out.tickets.insert(out.tickets.end(), own.tickets.begin(), own.tickets.end());
  }
  return out;
}

// Reason and ticket are given now: an outsider cannot give them.
Status check_words(const policy::Requirements& required, const InvitationDraft& draft) {
  policy::Requirements words;
  words.reason = required.reason;
  words.tickets = required.tickets;
  policy::Proofs given;
  given.user = draft.user;
  given.reason = draft.reason;
  given.ticket = draft.ticket;
  const auto missing = policy::unmet(words, given);
  if (missing.empty()) return {};
  return fail(Errc::invalid, policy::sentence(missing));
}

Result<policy::AccessRequest> request_for(const InvitationDraft& draft, const policy::User& outsider,
                                          const policy::Requirements& required, base::Micros now_us) {
  policy::AccessRequest out;
  out.id = outsider.outsider->invitation;
  out.requester = draft.user;
  out.sponsor = draft.sponsor;
  out.account = draft.account;
  out.targets = draft.targets;
  out.reason = draft.reason;
  out.ticket = draft.ticket;
  out.created_us = now_us;
  out.decide_by_us = draft.until_us;
  out.start_us = outsider.outsider->from_us;
  out.valid_seconds = (draft.until_us - out.start_us + 999'999) / 1'000'000;
  out.max_sessions = draft.max_sessions;
  out.rules = required.approvals;
  if (out.rules.empty()) {
    out.state = policy::RequestState::approved;
    out.approved_us = now_us;
  }
  for (const policy::ApprovalRule& rule : out.rules) {
    if (out.valid_seconds <= rule.valid_seconds) continue;
    return fail(Errc::invalid,
                "the policies let an approval count for " + std::to_string(rule.valid_seconds) + " seconds at most");
  }
  if (Status good = policy::check_request(out); !good) return base::pass(good);
  return out;
}

Status store_invitation(Services& services, const InvitationDraft& draft, const policy::User& outsider,
                        Invitation& made) {
  store::InvitationFilter open;
  open.sponsor = draft.sponsor;
  open.open = true;
  auto others = services.store.list_invitations(open);
  if (!others) return base::pass(others);
  if (others->size() >= kMostOpenInvitations) {
    return fail(Errc::full, draft.sponsor + " has " + std::to_string(others->size()) +
                                " invitations that are not over; revoke some (sallyport invite revoke ID)");
  }
  auto there = services.store.get_resource("user", draft.user);
  if (there) return fail(Errc::exists, "there is a user " + draft.user + " already");
  if (there.error().code != Errc::not_found) return base::pass(there);
  auto put = put_declared(services.store, policy::Resource(outsider), services.clock.now_us(), draft.actor);
  if (!put) return base::pass(put);
  made.request.requester_life = put->incarnation.life;
  if (Status kept = services.store.insert_request(row_of(made.request)); !kept) return kept;
  if (Status kept = services.store.insert_invitation(made.row); !kept) return kept;
  const policy::AccessRequest& request = made.request;
  audit::Event event{"invite.create",
                     draft.actor,
                     "",
                     {{"invitation", request.id},
                      {"sponsor", draft.sponsor},
                      {"user", draft.user},
                      {"account", draft.account},
                      {"targets", draft.targets},
                      {"reason", draft.reason},
                      {"ticket", draft.ticket},
                      {"from_us", request.start_us},
                      {"until_us", request.decide_by_us},
                      {"max_sessions", request.max_sessions},
                      {"rules", text_of(request.rules)}}};
  auto written = services.audit.log().append(event);
  if (!written) return base::pass(written);
  return {};
}

}  // namespace

Result<MadeInvitation> create_invitation(Services& services, const InvitationDraft& draft) {
  const auto state = services.policy.current();
  const base::Micros now = services.clock.now_us();
  const policy::User* sponsor = state->resources.user(draft.sponsor);
  const auto incarnation = state->incarnation_of(draft.sponsor);
  if (sponsor == nullptr || !incarnation || sponsor->outsider || sponsor->is_service()) {
    return fail(Errc::denied, "'" + draft.sponsor + "' is no person who may invite somebody");
  }
  if (Status good = check_draft(state->resources, draft, now); !good) return base::pass(good);
  policy::User outsider;
  outsider.name = draft.user;
  outsider.outsider = policy::Outsider{
      base::make_id(now, services.random), draft.sponsor, incarnation->life, draft.account, draft.targets,
      std::max(now, draft.from_us),        draft.until_us};
  std::vector<policy::ApprovedPlace> places;
  auto required = demanded(state->resources, draft, outsider, places);
  if (!required) return base::pass(required);
  if (Status words = check_words(*required, draft); !words) return base::pass(words);
  auto request = request_for(draft, outsider, *required, now);
  if (!request) return base::pass(request);
  const base::SecretBytes secret = identity::make_recovery_code(services.random);
  MadeInvitation out;
  out.invitation.request = std::move(*request);
  out.invitation.request.places = std::move(places);
  store::InvitationRow& row = out.invitation.row;
  row.id = out.invitation.request.id;
  row.user = draft.user;
  row.sponsor = draft.sponsor;
  row.lookup = row.id.substr(row.id.size() - identity::kInvitationLookupChars);
  row.code_hash = identity::hash_recovery_code(secret.view(), services.random);
  out.code = identity::shown_invitation_code(row.lookup, secret.view());
  Status done = services.store.transaction(
      [&]() -> Status { return store_invitation(services, draft, outsider, out.invitation); });
  if (!done) return base::pass(done);
  if (Status loaded = services.policy.reload(services.store); !loaded) return base::pass(loaded);
  if (!out.invitation.request.rules.empty()) services.requests.announce("request.create", out.invitation.request);
  return out;
}

}  // namespace sallyport::broker
