// SPDX-License-Identifier: Apache-2.0
// Statements on changes that wait for a second administrator. Each is synced: a change that was decided is not decided
// again.
#include <string_view>

#include "store/database.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kSelect =
    "SELECT id, state, author, author_life, actor, areas, reason, steps, created_us, decide_by_us, emergency,"
    " decided_us, decided_by, comment, reviewed_us, reviewed_by, review FROM changes WHERE 1 = 1";

Status check_row(const ChangeRow& r) {
  return check_text(
      {r.id, r.state, r.author, r.actor, r.areas, r.reason, r.steps, r.decided_by, r.comment, r.reviewed_by, r.review});
}

std::vector<ChangeRow> fetch_all(Query& query) {
  ChangeRow row;
  long long life = 0, created = 0, decide_by = 0, emergency = 0, decided = 0, reviewed = 0;
  for (std::string* s : {&row.id, &row.state, &row.author}) query.into(*s);
  query.into(life);
  for (std::string* s : {&row.actor, &row.areas, &row.reason, &row.steps}) query.into(*s);
  for (long long* number : {&created, &decide_by, &emergency, &decided}) query.into(*number);
  for (std::string* s : {&row.decided_by, &row.comment}) query.into(*s);
  query.into(reviewed);
  for (std::string* s : {&row.reviewed_by, &row.review}) query.into(*s);
  query.run();
  std::vector<ChangeRow> out;
  while (query.fetch()) {
    ChangeRow& one = out.emplace_back(row);
    one.author_life = life;
    one.created_us = created;
    one.decide_by_us = decide_by;
    one.emergency = emergency != 0;
    one.decided_us = decided;
    one.reviewed_us = reviewed;
  }
  return out;
}

}  // namespace

Status Store::insert_change(const ChangeRow& row) {
  if (Status good = check_row(row); !good) return good;
  const long long life = row.author_life, created = row.created_us, decide_by = row.decide_by_us,
                  emergency = row.emergency ? 1 : 0, decided = row.decided_us, reviewed = row.reviewed_us;
  return database_->write("insert change", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO changes (id, state, author, author_life, actor, areas, reason, steps, created_us,"
           " decide_by_us, emergency, decided_us, decided_by, comment, reviewed_us, reviewed_by, review)"
           " VALUES (:id, :state, :author, :life, :actor, :areas, :reason, :steps, :created, :decide_by, :emergency,"
           " :decided, :decided_by, :comment, :reviewed, :reviewed_by, :review)",
        soci::use(row.id), soci::use(row.state), soci::use(row.author), soci::use(life), soci::use(row.actor),
        soci::use(row.areas), soci::use(row.reason), soci::use(row.steps), soci::use(created), soci::use(decide_by),
        soci::use(emergency), soci::use(decided), soci::use(row.decided_by), soci::use(row.comment),
        soci::use(reviewed), soci::use(row.reviewed_by), soci::use(row.review);
    return {};
  });
}

Status Store::update_change(const ChangeRow& row, std::string_view state_before) {
  if (Status good = check_row(row); !good) return good;
  return database_->write("update change", Durability::power_loss, [&](soci::session& sql) -> Status {
    Query query(sql, "UPDATE changes SET");
    query.bind(" state = ?", row.state);
    query.bind(", decided_us = ?", row.decided_us);
    query.bind(", decided_by = ?", row.decided_by);
    query.bind(", comment = ?", row.comment);
    query.bind(", reviewed_us = ?", row.reviewed_us);
    query.bind(", reviewed_by = ?", row.reviewed_by);
    query.bind(", review = ?", row.review);
    query.bind(" WHERE id = ?", row.id);
    query.bind(" AND state = ?", std::string(state_before));
    if (query.change() == 0) return fail(Errc::exists, "the change " + row.id + " has been decided meanwhile");
    return {};
  });
}

Result<ChangeRow> Store::get_change(std::string_view id) {
  return database_->read("get change", [&](soci::session& sql) -> Result<ChangeRow> {
    Query query(sql, kSelect);
    query.bind(" AND id = ?", std::string(id));
    std::vector<ChangeRow> rows = fetch_all(query);
    if (rows.empty()) return fail(Errc::not_found, "there is no change " + std::string(id));
    return std::move(rows.front());
  });
}

Result<std::vector<ChangeRow>> Store::list_changes(const ChangeFilter& filter) {
  return database_->read("list changes", [&](soci::session& sql) -> Result<std::vector<ChangeRow>> {
    std::string select = kSelect;
    constexpr std::string_view steps = " steps,";
    if (filter.without_steps) select.replace(select.find(steps), steps.size(), " '',");
    Query query(sql, std::move(select));
    for (std::size_t i = 0; i < filter.states.size(); ++i) {
      query.bind(i == 0 ? " AND state IN (?" : ", ?", filter.states[i]);
    }
    if (!filter.states.empty()) query.text(")");
    if (!filter.author.empty()) query.bind(" AND author = ?", filter.author);
    if (filter.decided_by_us != 0) query.bind(" AND decide_by_us <= ?", filter.decided_by_us);
    if (filter.to_review) query.text(" AND emergency = 1 AND reviewed_by = ''");
    if (!filter.before_id.empty()) query.bind(" AND id < ?", filter.before_id);
    query.bind(" ORDER BY id DESC LIMIT ?", filter.limit);
    return fetch_all(query);
  });
}

}  // namespace sallyport::store
