// SPDX-License-Identifier: Apache-2.0
// Statements on requests for access and the votes on them. Each change is synced: an approval that was given is not
// forgotten, and one that was taken back does not return.
#include "store/database.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kSelect =
    "SELECT id, state, requester, requester_life, sponsor, account, targets, reason, ticket, created_us, decide_by_us,"
    " start_us, valid_seconds, max_sessions, sessions_opened, rules,"
    " approved_us, closed_us, closed_by, emergency, reviewed_us, reviewed_by, review, stated, commands,"
    " playbook, places FROM requests WHERE 1 = 1";

Status check_row(const RequestRow& r) {
  return check_text({r.id, r.state, r.requester, r.sponsor, r.account, r.targets, r.reason, r.ticket, r.rules,
                     r.closed_by, r.reviewed_by, r.review, r.commands, r.playbook, r.places});
}

// The numbers of a row, in the width that the database library knows.
struct Numbers {
  long long life = 0, created = 0, decide_by = 0, start = 0, valid = 0, most = 0, opened = 0, approved = 0, closed = 0,
            emergency = 0, reviewed = 0, stated = 0;

  explicit Numbers(const RequestRow& r)
      : life(r.requester_life),
        created(r.created_us),
        decide_by(r.decide_by_us),
        start(r.start_us),
        valid(r.valid_seconds),
        most(r.max_sessions),
        opened(r.sessions_opened),
        approved(r.approved_us),
        closed(r.closed_us),
        emergency(r.emergency ? 1 : 0),
        reviewed(r.reviewed_us),
        stated(r.stated ? 1 : 0) {}

  void put_into(RequestRow& r) const {
    r.requester_life = life;
    r.created_us = created;
    r.decide_by_us = decide_by;
    r.start_us = start;
    r.valid_seconds = valid;
    r.max_sessions = most;
    r.sessions_opened = opened;
    r.approved_us = approved;
    r.closed_us = closed;
    r.emergency = emergency != 0;
    r.reviewed_us = reviewed;
    r.stated = stated != 0;
  }
};

std::vector<RequestRow> fetch_all(Query& query) {
  RequestRow row;
  Numbers n(row);
  for (std::string* s : {&row.id, &row.state, &row.requester}) query.into(*s);
  query.into(n.life);
  for (std::string* s : {&row.sponsor, &row.account, &row.targets, &row.reason, &row.ticket}) query.into(*s);
  for (long long* number : {&n.created, &n.decide_by, &n.start, &n.valid, &n.most, &n.opened}) query.into(*number);
  query.into(row.rules);
  for (long long* number : {&n.approved, &n.closed}) query.into(*number);
  query.into(row.closed_by);
  for (long long* number : {&n.emergency, &n.reviewed}) query.into(*number);
  for (std::string* s : {&row.reviewed_by, &row.review}) query.into(*s);
  query.into(n.stated);
  for (std::string* s : {&row.commands, &row.playbook, &row.places}) query.into(*s);
  query.run();
  std::vector<RequestRow> out;
  while (query.fetch()) n.put_into(out.emplace_back(row));
  return out;
}

}  // namespace

Status Store::insert_request(const RequestRow& row) {
  if (Status good = check_row(row); !good) return good;
  const Numbers n(row);
  return database_->write("insert request", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO requests (id, state, requester, requester_life, sponsor, account, targets, reason, ticket,"
           " created_us, decide_by_us, start_us, valid_seconds, max_sessions, sessions_opened, rules,"
           " approved_us, closed_us, closed_by, emergency,"
           " reviewed_us, reviewed_by, review, stated, commands, playbook, places) VALUES (:id, :state, :requester,"
           " :life, :sponsor, :account, :targets, :reason, :ticket, :created, :decide_by, :start, :valid, :most,"
           " :opened, :rules, :approved, :closed, :closed_by, :emergency, :reviewed,"
           " :reviewed_by, :review, :stated, :commands, :playbook, :places)",
        soci::use(row.id), soci::use(row.state), soci::use(row.requester), soci::use(n.life), soci::use(row.sponsor),
        soci::use(row.account), soci::use(row.targets), soci::use(row.reason), soci::use(row.ticket),
        soci::use(n.created), soci::use(n.decide_by), soci::use(n.start), soci::use(n.valid), soci::use(n.most),
        soci::use(n.opened), soci::use(row.rules), soci::use(n.approved), soci::use(n.closed), soci::use(row.closed_by),
        soci::use(n.emergency), soci::use(n.reviewed), soci::use(row.reviewed_by), soci::use(row.review),
        soci::use(n.stated), soci::use(row.commands), soci::use(row.playbook), soci::use(row.places);
    return {};
  });
}

Status Store::update_request(const RequestRow& row) {
  if (Status good = check_row(row); !good) return good;
  return database_->write("update request", Durability::power_loss, [&](soci::session& sql) -> Status {
    Query query(sql, "UPDATE requests SET");
    query.bind(" state = ?", row.state);
    query.bind(", sessions_opened = ?", row.sessions_opened);
    query.bind(", approved_us = ?", row.approved_us);
    query.bind(", closed_us = ?", row.closed_us);
    query.bind(", closed_by = ?", row.closed_by);
    query.bind(", reviewed_us = ?", row.reviewed_us);
    query.bind(", reviewed_by = ?", row.reviewed_by);
    query.bind(", review = ?", row.review);
    query.bind(" WHERE id = ?", row.id);
    if (query.change() == 0) return fail(Errc::not_found, "there is no request " + row.id);
    return {};
  });
}

Result<RequestRow> Store::get_request(std::string_view id) {
  return database_->read("get request", [&](soci::session& sql) -> Result<RequestRow> {
    Query query(sql, kSelect);
    query.bind(" AND id = ?", std::string(id));
    std::vector<RequestRow> rows = fetch_all(query);
    if (rows.empty()) return fail(Errc::not_found, "there is no request " + std::string(id));
    return std::move(rows.front());
  });
}

Result<std::vector<RequestRow>> Store::list_requests(const RequestFilter& filter) {
  return database_->read("list requests", [&](soci::session& sql) -> Result<std::vector<RequestRow>> {
    Query query(sql, kSelect);
    for (std::size_t i = 0; i < filter.states.size(); ++i) {
      query.bind(i == 0 ? " AND state IN (?" : ", ?", filter.states[i]);
    }
    if (!filter.states.empty()) query.text(")");
    if (!filter.requester.empty()) query.bind(" AND requester = ?", filter.requester);
    if (!filter.account.empty()) query.bind(" AND account = ?", filter.account);
    if (filter.to_review) query.text(" AND emergency = 1 AND reviewed_by = ''");
    if (filter.decide_by_us != 0) query.bind(" AND decide_by_us <= ?", filter.decide_by_us);
    if (!filter.before_id.empty()) query.bind(" AND id < ?", filter.before_id);
    query.bind(" ORDER BY id DESC LIMIT ?", filter.limit);
    return fetch_all(query);
  });
}

Status Store::insert_request_vote(const RequestVoteRow& row) {
  if (Status good = check_text({row.request, row.voter, row.verdict, row.comment}); !good) return good;
  const long long at = row.at_us;
  return database_->write("insert vote", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO request_votes (request, voter, verdict, at_us, comment)"
           " VALUES (:request, :voter, :verdict, :at, :comment)",
        soci::use(row.request), soci::use(row.voter), soci::use(row.verdict), soci::use(at), soci::use(row.comment);
    return {};
  });
}

Result<std::vector<RequestVoteRow>> Store::list_request_votes(std::string_view request) {
  return database_->read("list votes", [&](soci::session& sql) -> Result<std::vector<RequestVoteRow>> {
    Query query(sql, "SELECT request, voter, verdict, at_us, comment FROM request_votes WHERE 1 = 1");
    query.bind(" AND request = ?", std::string(request));
    query.text(" ORDER BY at_us, voter");
    RequestVoteRow row;
    long long at = 0;
    for (std::string* s : {&row.request, &row.voter, &row.verdict}) query.into(*s);
    query.into(at);
    query.into(row.comment);
    query.run();
    std::vector<RequestVoteRow> out;
    while (query.fetch()) {
      out.push_back(row);
      out.back().at_us = at;
    }
    return out;
  });
}

}  // namespace sallyport::store
