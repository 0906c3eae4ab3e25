// SPDX-License-Identifier: Apache-2.0
// The life of an invitation in the store.
#include "broker/access/invitations.h"

#include <algorithm>

#include "base/id.h"
#include "base/log.h"
#include "base/text_time.h"
#include "broker/access/access_requests.h"
#include "broker/access/barred_users.h"
#include "broker/access/declared.h"
#include "broker/access/request_rows.h"
#include "identity/recovery_code.h"
#include "identity/user_credentials.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using policy::RequestState;

namespace {

constexpr const char* kNotGood = "the code is not right, was used, or is good no more";
// Compared with where no invitation has what was typed: that costs the same.
constexpr const char* kNobodysHash =
    "00000000000000000000000000000000$0000000000000000000000000000000000000000000000000000000000000000";

Status note(Services& services, const char* type, const std::string& actor, const Invitation& invitation,
            std::vector<audit::Field> more) {
  audit::Event event{type,
                     actor,
                     "",
                     {{"invitation", invitation.row.id},
                      {"sponsor", invitation.row.sponsor},
                      {"user", invitation.row.user},
                      {"account", invitation.request.account},
                      {"targets", invitation.request.targets}}};
  for (audit::Field& field : more) event.fields.push_back(std::move(field));
  auto written = services.audit.log().append(event);
  if (!written) return base::pass(written);
  return {};
}

Status put_in_force(Services& services, const std::string& actor) {
  if (auto loaded = services.policy.reload(services.store); !loaded) return loaded;
  end_what_is_barred(services, actor);
  return {};
}

bool is_open(RequestState state) {
  return state == RequestState::waiting || state == RequestState::approved;
}

/// The outsider's own row, while it is this invitation's.
Result<policy::User> outsider_in(Services& services, const store::InvitationRow& row) {
  auto stored = services.store.get_resource("user", row.user);
  if (!stored) return base::pass(stored);
  auto resource = policy::parse_resource(stored->json);
  if (!resource) return base::pass(resource);
  const auto* user = std::get_if<policy::User>(&*resource);
  if (user == nullptr || !user->outsider || user->outsider->invitation != row.id) {
    return fail(Errc::not_found, "the user " + row.user + " is no outsider of this invitation");
  }
  return *user;
}

/// Why nothing may be done by it any more; empty: it is not over.
std::string why_over(Services& services, const Invitation& invitation, base::Micros now_us) {
  if (now_us >= invitation.request.decide_by_us) return "its time is over";
  const RequestState state = policy::state_at(invitation.request, now_us);
  if (!is_open(state)) return std::string("its request is ") + policy::to_string(state);
  auto user = outsider_in(services, invitation.row);
  if (!user && user.error().code == Errc::not_found) return "its user is gone";
  const auto in_force = services.policy.current();
  if (user && in_force->resources.user(invitation.row.user) != nullptr &&
      !in_force->incarnation_of(invitation.row.user)) {
    return "the sponsor may not log in any more";
  }
  return "";
}

Result<Invitation> by_code(Services& services, const identity::InvitationCode& code) {
  store::InvitationFilter filter;
  filter.lookup = code.lookup;
  filter.open = true;
  auto rows = services.store.list_invitations(filter);
  if (!rows) return base::pass(rows);
  if (rows->empty()) (void)identity::is_recovery_code(kNobodysHash, code.secret.view());
  for (store::InvitationRow& row : *rows) {
    const bool right = identity::is_recovery_code(row.code_hash, code.secret.view());
    if (!right || row.failures >= kMostWrongCodes) {
      ++row.failures;
      if (Status counted = services.store.update_invitation(row); !counted) return base::pass(counted);
      continue;
    }
    if (row.taken_us != 0) continue;
    auto found = with_request(services.store, std::move(row));
    if (!found) return found;
    if (!why_over(services, *found, services.clock.now_us()).empty()) break;
    return found;
  }
  return fail(Errc::denied, kNotGood);
}

/// In one transaction: a wrong code is counted, although it is refused.
Result<Invitation> found_by_code(Services& services, const identity::InvitationCode& code,
                                 const std::function<Status(Invitation&)>& use) {
  Result<Invitation> found = fail(Errc::denied, kNotGood);
  Status done = services.store.transaction([&]() -> Status {
    found = by_code(services, code);
    if (found) return use(*found);
    if (found.error().code == Errc::denied) return {};
    return base::pass(found);
  });
  if (!done) return base::pass(done);
  return found;
}

}  // namespace

const char* to_string(InvitationState state) {
  switch (state) {
    case InvitationState::waiting:
      return "waiting";
    case InvitationState::open:
      return "open";
    case InvitationState::taken:
      return "taken";
    case InvitationState::over:
      return "over";
  }
  return "over";
}

InvitationState state_of(const Invitation& invitation, base::Micros now_us) {
  const RequestState state = policy::state_at(invitation.request, now_us);
  if (invitation.row.ended_us != 0 || !is_open(state)) return InvitationState::over;
  if (state == RequestState::waiting) return InvitationState::waiting;
  return invitation.row.taken_us != 0 ? InvitationState::taken : InvitationState::open;
}

Result<Invitation> with_request(store::Store& store, store::InvitationRow row) {
  auto stored = store.get_request(row.id);
  if (!stored) return base::pass(stored);
  auto request = AccessRequests::with_votes(store, *stored);
  if (!request) return base::pass(request);
  return Invitation{std::move(row), std::move(*request)};
}

Result<Invitation> find_invitation(store::Store& store, const std::string& name,
                                   const std::optional<std::string>& sponsor) {
  store::InvitationFilter filter;
  if (base::is_id(name)) {
    filter.id = name;
  } else {
    filter.user = name;
    filter.open = true;
  }
  auto rows = store.list_invitations(filter);
  if (!rows) return base::pass(rows);
  const bool found = !name.empty() && !rows->empty() && (!sponsor || rows->front().sponsor == *sponsor);
  if (found) return with_request(store, std::move(rows->front()));
  return fail(Errc::not_found, "there is no such invitation; see: sallyport invite list --all");
}

Status check_invitation(Services& services, const identity::InvitationCode& code) {
  auto found = found_by_code(services, code, [](Invitation&) { return Status(); });
  if (!found) return base::pass(found);
  return {};
}

Result<std::string> take_up_invitation(Services& services, const identity::InvitationCode& code,
                                       const InvitationProof& proof, const std::string& source) {
  auto taken = found_by_code(services, code, [&](Invitation& invitation) -> Status {
    const base::Micros now = services.clock.now_us();
    auto user = outsider_in(services, invitation.row);
    if (!user) return base::pass(user);
    if (!proof.key_line.empty()) {
      user->public_keys = {proof.key_line};
      if (auto good = identity::AuthorizedKeys::parse(user->public_keys); !good) return base::pass(good);
      auto put = put_declared(services.store, policy::Resource(*user), now, user->name);
      if (!put) return base::pass(put);
    } else if (Status set = identity::set_password(services.store, user->name, proof.password_hash, now); !set) {
      return set;
    }
    invitation.row.taken_us = now;
    invitation.row.bound = proof.shown;
    if (Status kept = services.store.update_invitation(invitation.row); !kept) return kept;
    return note(services, "invite.take-up", user->name, invitation, {{"bound", proof.shown}, {"source", source}});
  });
  if (!taken) return base::pass(taken);
  if (Status in_force = put_in_force(services, "sallyport"); !in_force) return base::pass(in_force);
  return taken->row.user;
}

Status end_invitation(Services& services, const std::string& id, const std::string& actor, const std::string& reason) {
  Status done = services.store.transaction([&]() -> Status {
    auto found = find_invitation(services.store, id);
    if (!found) return base::pass(found);
    store::InvitationRow& row = found->row;
    if (row.ended_us != 0) return fail(Errc::invalid, "this invitation is over already");
    const base::Micros now = services.clock.now_us();
    if (auto user = outsider_in(services, row)) {
      if (Status gone = services.store.delete_credentials_of("user", row.user); !gone) return gone;
      if (Status gone = services.totp.forget(row.user); !gone) return gone;
      if (Status gone = services.store.delete_resource("user", row.user, now, actor); !gone) return gone;
    } else if (user.error().code != Errc::not_found) {
      return base::pass(user);
    }
    policy::AccessRequest& request = found->request;
    if (const RequestState state = policy::state_at(request, now); is_open(state)) {
      request.state = state == RequestState::waiting ? RequestState::cancelled : RequestState::ended;
      request.closed_us = now;
      request.closed_by = actor;
      if (Status kept = services.store.update_request(row_of(request)); !kept) return kept;
    }
    row.ended_us = now;
    row.ended_by = actor;
    row.end_reason = reason;
    if (Status kept = services.store.update_invitation(row); !kept) return kept;
    return note(services, "invite.end", actor, *found,
                {{"reason", reason}, {"sessions", request.sessions_opened}, {"bound", row.bound}});
  });
  if (!done) return done;
  if (Status loaded = services.policy.reload(services.store); !loaded) return loaded;
  // Before the others, which would hear that the user is gone: these hear why.
  end_sessions_under(services, id, actor, "the invitation is over: " + reason);
  end_what_is_barred(services, actor);
  return {};
}

void end_invitations_that_are_over(Services& services) {
  store::InvitationFilter filter;
  filter.open = true;
  filter.limit = 100'000;
  auto rows = services.store.list_invitations(filter);
  if (!rows) return base::log_warning("invitations cannot be looked at now: " + rows.message());
  const base::Micros now = services.clock.now_us();
  for (store::InvitationRow& row : *rows) {
    const std::string id = row.id;
    auto invitation = with_request(services.store, std::move(row));
    if (!invitation) continue;
    const std::string why = why_over(services, *invitation, now);
    if (why.empty()) continue;
    if (Status ended = end_invitation(services, id, "sallyport", why); !ended) {
      base::log_warning("invitation " + id + " is over and cannot be ended now: " + ended.message());
    }
  }
}

}  // namespace sallyport::broker
