// SPDX-License-Identifier: Apache-2.0
// session list and show. Live sessions come from memory: a stalled disk hides none.
#include <algorithm>

#include "broker/api/handlers.h"
#include "broker/api/json_fields.h"
#include "broker/api/list.h"
#include "broker/api/session_sight.h"

namespace sallyport::broker::api {
namespace {

using States = std::vector<std::string>;

struct Filter {
  store::SessionFilter rows;  ///< all but the states: those of a live session are its own, not its row's
  States states;
  std::function<bool(const SessionHandle&)> shows = {};  ///< of live ones: beside all that match; none: all
};

bool has_state(const Filter& filter, const std::string& state) {
  return filter.states.empty() || std::find(filter.states.begin(), filter.states.end(), state) != filter.states.end();
}

bool matches(const Filter& filter, const SessionInfo& info) {
  const store::SessionFilter& rows = filter.rows;
  return (rows.user.empty() || rows.user == info.user) && (rows.account.empty() || rows.account == info.account) &&
         (rows.target.empty() || rows.target == info.target) &&
         (rows.since_us == 0 || info.started_at_us >= rows.since_us) &&
         (rows.until_us == 0 || info.started_at_us < rows.until_us) && has_state(filter, to_string(info.state));
}

bool shows(const Filter& filter, const SessionHandle& session) {
  return matches(filter, session.info()) && (!filter.shows || filter.shows(session));
}

// The oldest first.
ListStep live_step(const Registry& sessions, const Filter& filter, const std::string& after, std::int64_t limit) {
  ListStep out;
  out.position = after;
  for (const auto& session : sessions.all()) {
    const SessionInfo info = session->info();
    if (info.id <= after || !shows(filter, *session)) continue;
    if (static_cast<std::int64_t>(out.items.size()) == limit) {
      out.more = true;
      break;
    }
    out.items.push_back({session_json(info)});
    out.position = info.id;
  }
  return out;
}

std::int64_t count_live(const Registry& sessions, const Filter& filter) {
  const auto all = sessions.all();
  return std::count_if(all.begin(), all.end(), [&](const auto& session) { return shows(filter, *session); });
}

// The newest first.
base::Result<ListStep> stored_step(const Registry& sessions, store::Store& reader, Filter filter,
                                   const std::string& after, std::int64_t limit) {
  filter.rows.before_id = after;
  filter.rows.limit = limit + 1;
  auto rows = reader.list_sessions(filter.rows);
  if (!rows) return base::pass(rows);
  ListStep out;
  out.position = after;
  out.more = static_cast<std::int64_t>(rows->size()) > limit;
  if (out.more) rows->pop_back();
  for (const store::SessionRow& row : *rows) {
    out.position = row.id;
    const auto live = sessions.find(row.id);
    if (!has_state(filter, live ? to_string(live->info().state) : row.state)) continue;
    out.items.push_back({live ? session_json(live->info()) : session_json(row)});
  }
  return out;
}

ListSource live_list(const Registry& sessions, Filter filter) {
  ListSource out{ListSource::Where::memory, "live", {}, {}};
  out.step = [&sessions, filter](store::Store&, const std::string& after, std::int64_t limit) {
    return base::Result<ListStep>(live_step(sessions, filter, after, limit));
  };
  out.count = [&sessions, filter](store::Store&) { return base::Result<std::int64_t>(count_live(sessions, filter)); };
  return out;
}

ListSource stored_list(const Registry& sessions, Filter filter) {
  ListSource out{ListSource::Where::reader, "sessions", {}, {}};
  if (filter.states.empty()) {
    out.count = [filter](store::Store& reader) { return reader.count_sessions(filter.rows); };
  }
  out.step = [&sessions, filter = std::move(filter)](store::Store& reader, const std::string& after,
                                                     std::int64_t limit) {
    return stored_step(sessions, reader, filter, after, limit);
  };
  return out;
}

}  // namespace

void session_list(const ExchangePtr& exchange, ipc::SessionList& asked) {
  auto span = time_span(asked.since(), asked.until());
  if (!span) return exchange->fail(span.error());
  Filter filter;
  filter.rows.user = asked.user();
  if (exchange->scope() == Scope::own) {
    const std::string& own = exchange->caller().user;
    if (own.empty()) return exchange->fail({base::Errc::denied, "you are no user, so no session is yours"});
    if (!filter.rows.user.empty() && filter.rows.user != own) {
      return exchange->fail({base::Errc::denied, "you may list your own sessions; others' are for auditors"});
    }
    // Those that the caller may supervise are listed as long as they live.
    filter.shows = [&services = exchange->services(), caller = exchange->caller()](const SessionHandle& session) {
      return session.info().user == caller.user || may_supervise(services, caller, session);
    };
    if (asked.all()) filter.rows.user = own;
  }
  filter.rows.account = asked.account();
  filter.rows.target = asked.target();
  filter.rows.since_us = span->since_us;
  filter.rows.until_us = span->until_us;
  filter.states = States(asked.states().begin(), asked.states().end());
  const Registry& sessions = exchange->services().sessions;
  auto source = asked.all() ? stored_list(sessions, std::move(filter)) : live_list(sessions, std::move(filter));
  answer_list(*exchange, std::move(source), asked.cursor(), asked.limit());
}

void session_show(const ExchangePtr& exchange, ipc::SessionShow& asked) {
  const std::string id = asked.id();
  // Another's session is not there for whoever sees only their own.
  const std::string owner = exchange->scope() == Scope::own ? exchange->caller().user : "";
  if (exchange->scope() == Scope::own && owner.empty()) {
    return exchange->fail({base::Errc::denied, "you are no user, so no session is yours"});
  }
  const auto live = exchange->services().sessions.find(id);
  if (live && (owner.empty() || live->info().user == owner || may_watch(*exchange, *live))) {
    Answer answer;
    answer.add(session_json(live->info()));
    return exchange->answer(std::move(answer));
  }
  exchange->answer_read([id, owner](store::Store& reader) -> base::Result<Answer> {
    auto row = reader.get_session(id);
    const bool hidden = row && !owner.empty() && row->user != owner;
    if (hidden || (!row && row.error().code == base::Errc::not_found)) {
      return base::fail(base::Errc::not_found, "there is no session " + id);
    }
    if (!row) return base::pass(row);
    Answer answer;
    answer.add(session_json(*row));
    return answer;
  });
}

}  // namespace sallyport::broker::api
