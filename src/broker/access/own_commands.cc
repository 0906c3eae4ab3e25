// SPDX-License-Identifier: Apache-2.0
// One function a command.
#include "broker/access/own_commands.h"

#include <algorithm>
#include <utility>

#include "base/text_time.h"
#include "broker/access/access_requests.h"
#include "broker/access/barred_users.h"
#include "broker/access/own_enrolment.h"
#include "broker/access/request_draft.h"

namespace sallyport::broker {
namespace {

using policy::AccessRequest;
using policy::RequestState;

constexpr std::int64_t kMostListed = 50;

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string line_of(const AccessRequest& request, base::Micros now_us) {
  const RequestState state = policy::state_at(request, now_us);
  const std::string invited = policy::is_invitation(request) ? " (invited by " + request.sponsor + ")" : "";
  std::string out = request_code(request.id) + "  " + policy::to_string(state) + "  " + request.requester + invited +
                    " asks for " + request.account + "@" + listed(request.targets);
  if (!request.ticket.empty()) out += "  " + request.ticket;
  if (!request.reason.empty()) out += "  " + request.reason;
  if (policy::is_to_review(request)) out += "  (glass broken, to be reviewed)";
  if (state == RequestState::approved) out += "  until " + base::to_rfc3339(policy::good_until_us(request));
  return out;
}

AccessRequests::Done tell(Services& services, OwnReply reply) {
  return [&services, reply = std::move(reply)](const base::Result<AccessRequest>& made) {
    if (!made) return reply("Sallyport: " + made.message() + ".", false);
    reply(line_of(*made, services.clock.now_us()), true);
  };
}

struct Run {
  Services& services;
  const Identity& identity;
  const std::string& source;
  const std::string& source_host;
  OwnReply reply;

  void operator()(const policy::ResumeCommand&) { reply("Sallyport: you have no such session.", false); }

  void operator()(const policy::RequestCommand& asked) {
    RequestDraft draft;
    draft.requester = identity.user;
    draft.account = asked.account;
    draft.targets = {asked.target};
    draft.reason = asked.reason;
    draft.ticket = asked.ticket;
    draft.valid_seconds = asked.valid_seconds;
    draft.emergency = asked.emergency;
    draft.actor = identity.user;
    draft.source = source;
    const auto state = services.policy.current();
    if (auto done = complete_draft(*state, source_host, services.clock.now_us(), draft); !done) {
      return reply("Sallyport: " + done.message() + ".", false);
    }
    services.requests.create(std::move(draft), tell(services, std::move(reply)));
  }

  void operator()(const policy::ListCommand&) {
    services.reader_thread.post([&services = services, user = identity.user, reply = std::move(reply)] {
      auto rows = services.reader.list_requests({{"waiting", "approved"}, "", "", "", 1000});
      store::RequestFilter to_review;
      to_review.to_review = true;
      auto emergencies = services.reader.list_requests(to_review);
      if (!rows || !emergencies) return reply("Sallyport: the requests cannot be read now.", false);
      for (const store::RequestRow& row : *emergencies) {
        const bool listed = std::any_of(rows->begin(), rows->end(), [&](const auto& one) { return one.id == row.id; });
        if (!listed) rows->push_back(row);
      }
      const auto state = services.policy.current();
      const base::Micros now = services.clock.now_us();
      std::string text;
      std::int64_t lines = 0;
      for (const store::RequestRow& row : *rows) {
        auto request = AccessRequests::with_votes(services.reader, row);
        if (!request) continue;
        const RequestState is = policy::state_at(*request, now);
        const bool own = request->requester == user && (is == RequestState::waiting || is == RequestState::approved);
        const bool decides = policy::may_decide(state->resources, *request, user);
        const bool to_do = decides && (is == RequestState::waiting || policy::is_to_review(*request));
        if ((!own && !to_do) || ++lines > kMostListed) continue;
        text += line_of(*request, now) + "\n";
      }
      reply(text.empty() ? "No request of yours is open, and none waits for you." : text, true);
    });
  }

  void operator()(const policy::VoteCommand& vote) {
    services.requests.vote(vote.request, identity.user, vote.approves, vote.comment, identity.user,
                           tell(services, std::move(reply)));
  }

  void operator()(const policy::ReviewCommand& review) {
    services.requests.review(review.request, identity.user, review.comment, identity.user,
                             tell(services, std::move(reply)));
  }

  void operator()(const policy::EnrollCommand& enroll) {
    run_own_enrolment(services, identity, source, enroll, std::move(reply));
  }

  void operator()(const policy::CancelCommand& cancel) {
    services.requests.close(cancel.request, identity.user, identity.user,
                            [&services = services, user = identity.user,
                             told = tell(services, std::move(reply))](base::Result<AccessRequest> closed) {
                              if (closed) end_sessions_under(services, closed->id, user);
                              told(std::move(closed));
                            });
  }
};

}  // namespace

void run_own_command(Services& services, const Identity& identity, const std::string& source,
                     const std::string& source_host, const policy::OwnCommand& command, OwnReply reply) {
  std::visit(Run{services, identity, source, source_host, std::move(reply)}, command);
}

}  // namespace sallyport::broker
