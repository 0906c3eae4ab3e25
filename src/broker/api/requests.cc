// SPDX-License-Identifier: Apache-2.0
// request create, list, show, approve, deny, cancel. What a caller may see: their own, those that they may decide, and
// as an administrator or auditor all.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "broker/access/access_requests.h"
#include "broker/access/barred_users.h"
#include "broker/access/request_draft.h"
#include "broker/api/handlers.h"
#include "broker/api/json_fields.h"
#include "broker/api/list.h"

namespace sallyport::broker::api {
namespace {

using policy::AccessRequest;

// Who votes: a user, or root.
std::string voter_of(const Caller& caller) {
  return caller.user.empty() ? caller.actor : caller.user;
}

bool may_see(const policy::Snapshot& snapshot, const AccessRequest& request, const Caller& caller, Scope scope) {
  return scope == Scope::everything || policy::has_part(snapshot, request, voter_of(caller));
}

AccessRequests::Done answer_with(const ExchangePtr& exchange) {
  return [exchange](const base::Result<AccessRequest>& made) {
    if (!made) {
      exchange->post([error = made.error()](Exchange& e) { e.fail(error); });
      return;
    }
    Answer answer;
    answer.add(request_json(*made, exchange->services().clock.now_us()));
    exchange->post([answer = std::move(answer)](Exchange& e) mutable { e.answer(std::move(answer)); });
  };
}

base::Result<RequestDraft> draft_of(const Exchange& exchange, const ipc::RequestCreate& asked) {
  RequestDraft out;
  out.requester = exchange.caller().user;
  if (!asked.user().empty() && asked.user() != out.requester) {
    if (exchange.scope() != Scope::everything) {
      return base::fail(base::Errc::denied, "only administrators ask on behalf of others");
    }
    out.requester = asked.user();
  }
  if (out.requester.empty()) return base::fail(base::Errc::invalid, "a request is a user's: say whose with --user");
  out.account = asked.account();
  out.targets.assign(asked.targets().begin(), asked.targets().end());
  out.reason = asked.reason();
  out.ticket = asked.ticket();
  out.valid_seconds = asked.for_seconds();
  out.max_sessions = asked.max_sessions();
  out.emergency = asked.break_glass();
  out.bound.commands.assign(asked.commands_sha256().begin(), asked.commands_sha256().end());
  out.bound.playbook = asked.playbook_sha256();
  if (!asked.start().empty()) {
    auto start = base::from_rfc3339(asked.start());
    if (!start) return base::pass(start);
    out.start_us = *start;
  }
  out.actor = exchange.caller().actor;
  out.source = exchange.caller().origin.from;
  Services& services = exchange.services();
  if (auto done = complete_draft(*services.policy.current(), "", services.clock.now_us(), out); !done) {
    return base::pass(done);
  }
  return out;
}

struct Filter {
  store::RequestFilter rows;
  std::vector<policy::RequestState> states;
  bool to_decide = false;
};

bool fits(const PolicyState& state, const AccessRequest& request, const Filter& filter, const Caller& caller,
          Scope scope, base::Micros now_us) {
  const policy::RequestState is = policy::state_at(request, now_us);
  if (!filter.states.empty() && std::find(filter.states.begin(), filter.states.end(), is) == filter.states.end()) {
    return false;
  }
  if (filter.to_decide &&
      (is != policy::RequestState::waiting || !policy::may_decide(state.resources, request, voter_of(caller)))) {
    return false;
  }
  return may_see(state.resources, request, caller, scope);
}

base::Result<ListStep> step_of(Services& services, store::Store& reader, Filter filter, const Caller& caller,
                               Scope scope, const std::string& after, std::int64_t limit) {
  filter.rows.before_id = after;
  filter.rows.limit = limit + 1;
  auto rows = reader.list_requests(filter.rows);
  if (!rows) return base::pass(rows);
  ListStep out;
  out.position = after;
  out.more = static_cast<std::int64_t>(rows->size()) > limit;
  if (out.more) rows->pop_back();
  const auto state = services.policy.current();
  const base::Micros now = services.clock.now_us();
  for (const store::RequestRow& row : *rows) {
    out.position = row.id;
    auto request = AccessRequests::with_votes(reader, row);
    if (!request) return base::pass(request);
    if (fits(*state, *request, filter, caller, scope, now)) out.items.push_back({request_json(*request, now)});
  }
  return out;
}

}  // namespace

void request_create(const ExchangePtr& exchange, ipc::RequestCreate& asked) {
  auto draft = draft_of(*exchange, asked);
  if (!draft) return exchange->fail(draft.error());
  exchange->services().requests.create(std::move(*draft), answer_with(exchange));
}

void request_list(const ExchangePtr& exchange, ipc::RequestList& asked) {
  Filter filter;
  filter.rows.requester = asked.user();
  filter.to_decide = asked.to_decide();
  filter.rows.to_review = asked.to_review();
  for (const std::string& word : asked.states()) {
    const auto state = policy::request_state_from(word);
    if (!state) return exchange->fail(state.error());
    filter.states.push_back(*state);
  }
  ListSource source{ListSource::Where::reader, "requests", {}, {}};
  source.step = [&services = exchange->services(), filter, caller = exchange->caller(), scope = exchange->scope()](
                    store::Store& reader, const std::string& after, std::int64_t limit) {
    return step_of(services, reader, filter, caller, scope, after, limit);
  };
  answer_list(*exchange, std::move(source), asked.cursor(), asked.limit());
}

void request_show(const ExchangePtr& exchange, ipc::RequestShow& asked) {
  exchange->answer_read([&services = exchange->services(), caller = exchange->caller(), scope = exchange->scope(),
                         name = asked.name()](store::Store& reader) -> base::Result<Answer> {
    auto request = AccessRequests::find(reader, name);
    if (!request) return base::pass(request);
    if (!may_see(services.policy.current()->resources, *request, caller, scope)) {
      return AccessRequests::unknown();
    }
    Answer answer;
    answer.add(request_json(*request, services.clock.now_us()));
    return answer;
  });
}

void request_vote(const ExchangePtr& exchange, ipc::RequestVote& asked) {
  const Caller& caller = exchange->caller();
  exchange->services().requests.vote(asked.name(), voter_of(caller), asked.approves(), asked.comment(), caller.actor,
                                     answer_with(exchange));
}

void request_review(const ExchangePtr& exchange, ipc::RequestReview& asked) {
  const Caller& caller = exchange->caller();
  exchange->services().requests.review(asked.name(), voter_of(caller), asked.comment(), caller.actor,
                                       answer_with(exchange));
}

void request_close(const ExchangePtr& exchange, ipc::RequestClose& asked) {
  const Caller& caller = exchange->caller();
  exchange->services().requests.close(asked.name(), voter_of(caller), caller.actor,
                                      [exchange, told = answer_with(exchange)](base::Result<AccessRequest> closed) {
                                        if (closed)
                                          end_sessions_under(exchange->services(), closed->id,
                                                             exchange->caller().actor);
                                        told(std::move(closed));
                                      });
}

}  // namespace sallyport::broker::api
