// SPDX-License-Identifier: Apache-2.0
// invite create, list, show, revoke. What a caller may see and end: what they sponsor; administrators all, auditors see
// all.
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text_time.h"
#include "broker/access/invitations.h"
#include "broker/api/change_submit.h"
#include "broker/api/handlers.h"
#include "broker/api/json_fields.h"
#include "broker/api/list.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostSessionsShown = 1000;
constexpr std::int64_t kMostSeconds = std::int64_t{366} * 86'400;
constexpr std::size_t kMaxReasonBytes = 1024;
constexpr const char* kTheSponsor = "the sponsor invites, with `sallyport invite create` or in the portal";

// Whose invitations alone the caller may look at; none: everybody's. A caller who is no user has none.
std::optional<std::string> own_sponsor(const Exchange& exchange) {
  if (exchange.scope() == Scope::everything) return std::nullopt;
  return exchange.caller().user;
}

base::Result<InvitationDraft> draft_of(const Exchange& exchange, const ipc::InviteCreate& asked) {
  InvitationDraft out;
  out.sponsor = exchange.caller().user;
  if (!asked.sponsor().empty() && asked.sponsor() != out.sponsor) {
    if (exchange.scope() != Scope::everything) {
      return base::fail(base::Errc::denied, "only administrators invite on behalf of others");
    }
    // An outsider can be the administrator: where two must agree on who may log in, one alone makes none.
    if (auto alone = check_alone(exchange, policy::ChangeArea::keys, kTheSponsor); !alone) return base::pass(alone);
    out.sponsor = asked.sponsor();
  }
  if (out.sponsor.empty()) {
    return base::fail(base::Errc::invalid, "an invitation has a sponsor: say which user with --sponsor");
  }
  out.user = asked.user();
  out.account = asked.account();
  out.targets.assign(asked.targets().begin(), asked.targets().end());
  if (out.targets.empty()) return base::fail(base::Errc::invalid, "an invitation names a target");
  out.reason = asked.reason();
  out.ticket = asked.ticket();
  out.max_sessions = asked.max_sessions();
  out.actor = exchange.caller().actor;
  if (!asked.from().empty()) {
    auto from = base::from_rfc3339(asked.from());
    if (!from) return base::pass(from);
    out.from_us = *from;
  }
  if (asked.until().empty() == (asked.for_seconds() == 0)) {
    return base::fail(base::Errc::invalid, "an invitation ends: say when with --until, or --for how long it is good");
  }
  if (!asked.until().empty()) {
    auto until = base::from_rfc3339(asked.until());
    if (!until) return base::pass(until);
    out.until_us = *until;
    return out;
  }
  if (asked.for_seconds() < 1 || asked.for_seconds() > kMostSeconds) {
    return base::fail(base::Errc::invalid, "an invitation is for one second to 366 days");
  }
  const base::Micros begins = out.from_us != 0 ? out.from_us : exchange.services().clock.now_us();
  out.until_us = begins + asked.for_seconds() * 1'000'000;
  return out;
}

// The outsider's command line: the address is the gateway's own, which the sponsor knows better than the gateway.
std::string command_for(const std::string& ssh_address) {
  const std::size_t colon = ssh_address.rfind(':');
  const std::string port = colon == std::string::npos ? "22" : ssh_address.substr(colon + 1);
  return "ssh -p " + port + " " + std::string(policy::kInviteLogin) + "@GATEWAY";
}

base::Result<ListStep> step_of(Services& services, store::Store& reader, store::InvitationFilter filter,
                               const std::optional<std::string>& own, const std::string& after, std::int64_t limit) {
  filter.before_id = after;
  filter.limit = limit + 1;
  auto rows = reader.list_invitations(filter);
  if (!rows) return base::pass(rows);
  ListStep out;
  out.position = after;
  out.more = static_cast<std::int64_t>(rows->size()) > limit;
  if (out.more) rows->pop_back();
  for (store::InvitationRow& row : *rows) {
    out.position = row.id;
    if (own && row.sponsor != *own) continue;
    auto invitation = with_request(reader, std::move(row));
    if (!invitation) return base::pass(invitation);
    out.items.push_back({invitation_json(*invitation, services.clock.now_us())});
  }
  return out;
}

// Every session of the outsider while there was one of that name for this invitation.
base::Result<Json> sessions_of(Services& services, store::Store& reader, const Invitation& invitation) {
  store::SessionFilter filter;
  filter.user = invitation.row.user;
  filter.since_us = invitation.request.created_us;
  filter.until_us = invitation.row.ended_us;
  filter.limit = kMostSessionsShown;
  auto rows = reader.list_sessions(filter);
  if (!rows) return base::pass(rows);
  Json out = Json::array();
  for (const store::SessionRow& row : *rows) {
    const auto live = services.sessions.find(row.id);
    out.push_back(Json::parse(live ? session_json(live->info()) : session_json(row)));
  }
  return out;
}

}  // namespace

void invite_create(const ExchangePtr& exchange, ipc::InviteCreate& asked) {
  auto draft = draft_of(*exchange, asked);
  if (!draft) return exchange->fail(draft.error());
  exchange->answer_on(exchange->services().store_thread,
                      [exchange, draft = std::move(*draft)]() -> base::Result<Answer> {
                        auto made = create_invitation(exchange->services(), draft);
                        if (!made) return base::pass(made);
                        Json out = Json::parse(invitation_json(made->invitation, exchange->services().clock.now_us()));
                        out["code"] = base::to_text(made->code.view());
                        out["command"] = command_for(exchange->context().facts.ssh_address);
                        Answer answer;
                        answer.add(out.dump());
                        return answer;
                      });
}

void invite_list(const ExchangePtr& exchange, ipc::InviteList& asked) {
  store::InvitationFilter filter;
  filter.open = !asked.all();
  const auto own = own_sponsor(*exchange);
  filter.sponsor = asked.sponsor().empty() ? own.value_or("") : asked.sponsor();
  ListSource source{ListSource::Where::reader, "invitations", {}, {}};
  source.step = [&services = exchange->services(), filter, own](store::Store& reader, const std::string& after,
                                                                std::int64_t limit) {
    return step_of(services, reader, filter, own, after, limit);
  };
  answer_list(*exchange, std::move(source), asked.cursor(), asked.limit());
}

void invite_show(const ExchangePtr& exchange, ipc::InviteShow& asked) {
  exchange->answer_read([&services = exchange->services(), sponsor = own_sponsor(*exchange),
                         name = asked.name()](store::Store& reader) -> base::Result<Answer> {
    auto invitation = find_invitation(reader, name, sponsor);
    if (!invitation) return base::pass(invitation);
    auto sessions = sessions_of(services, reader, *invitation);
    if (!sessions) return base::pass(sessions);
    Json out = Json::parse(invitation_json(*invitation, services.clock.now_us()));
    out["sessions"] = std::move(*sessions);
    Answer answer;
    answer.add(out.dump());
    return answer;
  });
}

void invite_revoke(const ExchangePtr& exchange, ipc::InviteRevoke& asked) {
  if (asked.reason().size() > kMaxReasonBytes) {
    return exchange->fail({base::Errc::invalid, "a reason has at most " + std::to_string(kMaxReasonBytes) + " bytes"});
  }
  exchange->answer_on(exchange->services().store_thread,
                      [exchange, sponsor = own_sponsor(*exchange), name = asked.name(),
                       reason = asked.reason()]() -> base::Result<Answer> {
                        Services& services = exchange->services();
                        auto found = find_invitation(services.store, name, sponsor);
                        if (!found) return base::pass(found);
                        const std::string why = reason.empty() ? "revoked" : "revoked: " + reason;
                        auto ended = end_invitation(services, found->row.id, exchange->caller().actor, why);
                        if (!ended) return base::pass(ended);
                        auto now = find_invitation(services.store, found->row.id);
                        if (!now) return base::pass(now);
                        Answer answer;
                        answer.add(invitation_json(*now, services.clock.now_us()));
                        return answer;
                      });
}

}  // namespace sallyport::broker::api
