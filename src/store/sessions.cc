// SPDX-License-Identifier: Apache-2.0
// Statements on sessions and their recordings. They need not survive a power cut to be true: the audit log and the
// recordings do, and the broker mends these rows from them at its start.
#include "store/database.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kSelect =
    "SELECT id, node, user_name, account, target, protocol, source, state, started_at_us, ended_at_us, end_reason,"
    " recording_state, bytes, events, integrity, detail FROM sessions WHERE 1 = 1";

Status check_row(const SessionRow& r) {
  return check_text({r.id, r.node, r.user, r.account, r.target, r.protocol, r.source, r.state, r.end_reason,
                     r.recording_state, r.integrity, r.detail});
}

std::vector<SessionRow> fetch_all(Query& query) {
  SessionRow row;
  long long started = 0;
  long long ended = 0;
  long long bytes = 0;
  long long events = 0;
  for (std::string* s :
       {&row.id, &row.node, &row.user, &row.account, &row.target, &row.protocol, &row.source, &row.state}) {
    query.into(*s);
  }
  query.into(started);
  query.into(ended);
  query.into(row.end_reason);
  query.into(row.recording_state);
  query.into(bytes);
  query.into(events);
  query.into(row.integrity);
  query.into(row.detail);
  query.run();
  std::vector<SessionRow> out;
  while (query.fetch()) {
    SessionRow& r = out.emplace_back(row);
    r.started_at_us = started;
    r.ended_at_us = ended;
    r.bytes = bytes;
    r.events = events;
  }
  return out;
}

void any_of(Query& query, const char* column, const std::vector<std::string>& values) {
  if (values.empty()) return;
  query.text(std::string(" AND ") + column + " IN (");
  for (std::size_t i = 0; i < values.size(); ++i) query.bind(i == 0 ? "?" : ", ?", values[i]);
  query.text(")");
}

// All but the cursor and the limit.
void add_conditions(Query& query, const SessionFilter& filter) {
  any_of(query, "state", filter.states);
  any_of(query, "recording_state", filter.recording_states);
  if (!filter.user.empty()) query.bind(" AND user_name = ?", filter.user);
  if (!filter.account.empty()) query.bind(" AND account = ?", filter.account);
  if (!filter.target.empty()) query.bind(" AND target = ?", filter.target);
  if (!filter.node.empty()) query.bind(" AND node = ?", filter.node);
  if (filter.since_us > 0) query.bind(" AND started_at_us >= ?", filter.since_us);
  if (filter.until_us > 0) query.bind(" AND started_at_us < ?", filter.until_us);
}

}  // namespace

Status Store::insert_session(const SessionRow& row) {
  if (Status good = check_row(row); !good) return good;
  const long long started = row.started_at_us;
  const long long ended = row.ended_at_us;
  const long long bytes = row.bytes;
  const long long events = row.events;
  return database_->write("insert session", Durability::process_death, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO sessions (id, node, user_name, account, target, protocol, source, state, started_at_us,"
           " ended_at_us, end_reason, recording_state, bytes, events, integrity, detail) VALUES (:id, :node, :user,"
           " :account, :target, :protocol, :source, :state, :started, :ended, :reason, :rec, :bytes, :events,"
           " :integrity, :detail)",
        soci::use(row.id), soci::use(row.node), soci::use(row.user), soci::use(row.account), soci::use(row.target),
        soci::use(row.protocol), soci::use(row.source), soci::use(row.state), soci::use(started), soci::use(ended),
        soci::use(row.end_reason), soci::use(row.recording_state), soci::use(bytes), soci::use(events),
        soci::use(row.integrity), soci::use(row.detail);
    return {};
  });
}

Status Store::update_session(const SessionRow& row) {
  if (Status good = check_row(row); !good) return good;
  return database_->write("update session", Durability::process_death, [&](soci::session& sql) -> Status {
    Query query(sql, "UPDATE sessions SET");
    query.bind(" node = ?", row.node);
    query.bind(", user_name = ?", row.user);
    query.bind(", account = ?", row.account);
    query.bind(", target = ?", row.target);
    query.bind(", protocol = ?", row.protocol);
    query.bind(", source = ?", row.source);
    query.bind(", state = ?", row.state);
    query.bind(", started_at_us = ?", row.started_at_us);
    query.bind(", ended_at_us = ?", row.ended_at_us);
    query.bind(", end_reason = ?", row.end_reason);
    query.bind(", recording_state = ?", row.recording_state);
    query.bind(", bytes = ?", row.bytes);
    query.bind(", events = ?", row.events);
    query.bind(", integrity = ?", row.integrity);
    query.bind(", detail = ?", row.detail);
    query.bind(" WHERE id = ?", row.id);
    if (query.change() == 0) return fail(Errc::not_found, "there is no session " + row.id);
    return {};
  });
}

Result<SessionRow> Store::get_session(std::string_view id) {
  return database_->read("get session", [&](soci::session& sql) -> Result<SessionRow> {
    Query query(sql, kSelect);
    query.bind(" AND id = ?", std::string(id));
    std::vector<SessionRow> rows = fetch_all(query);
    if (rows.empty()) return fail(Errc::not_found, "there is no session " + std::string(id));
    return std::move(rows.front());
  });
}

Result<std::vector<SessionRow>> Store::list_sessions(const SessionFilter& filter) {
  return database_->read("list sessions", [&](soci::session& sql) -> Result<std::vector<SessionRow>> {
    Query query(sql, kSelect);
    add_conditions(query, filter);
    if (!filter.before_id.empty()) query.bind(" AND id < ?", filter.before_id);
    query.bind(" ORDER BY id DESC LIMIT ?", filter.limit);
    return fetch_all(query);
  });
}

Result<std::int64_t> Store::count_sessions(const SessionFilter& filter) {
  return database_->read("count sessions", [&](soci::session& sql) -> Result<std::int64_t> {
    Query query(sql, "SELECT COUNT(*) FROM sessions WHERE 1 = 1");
    add_conditions(query, filter);
    long long count = 0;
    query.into(count);
    query.run();
    query.fetch();
    return count;
  });
}

}  // namespace sallyport::store
