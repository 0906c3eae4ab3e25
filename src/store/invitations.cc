// SPDX-License-Identifier: Apache-2.0
// Statements on invitations. Each change is synced: one that was taken up, or is over, stays so.
#include "store/database.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

Status check_row(const InvitationRow& r) {
  return check_text({r.id, r.user, r.sponsor, r.lookup, r.code_hash, r.bound, r.ended_by, r.end_reason});
}

}  // namespace

Status Store::insert_invitation(const InvitationRow& row) {
  if (Status good = check_row(row); !good) return good;
  const long long failures = row.failures, taken = row.taken_us, ended = row.ended_us;
  return database_->write("insert invitation", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO invitations (id, user_name, sponsor, lookup, code_hash, failures, taken_us, bound, ended_us,"
           " ended_by, end_reason) VALUES (:id, :user, :sponsor, :lookup, :hash, :failures, :taken, :bound, :ended,"
           " :ended_by, :reason)",
        soci::use(row.id), soci::use(row.user), soci::use(row.sponsor), soci::use(row.lookup), soci::use(row.code_hash),
        soci::use(failures), soci::use(taken), soci::use(row.bound), soci::use(ended), soci::use(row.ended_by),
        soci::use(row.end_reason);
    return {};
  });
}

Status Store::update_invitation(const InvitationRow& row) {
  if (Status good = check_row(row); !good) return good;
  return database_->write("update invitation", Durability::power_loss, [&](soci::session& sql) -> Status {
    Query query(sql, "UPDATE invitations SET");
    query.bind(" failures = ?", row.failures);
    query.bind(", taken_us = ?", row.taken_us);
    query.bind(", bound = ?", row.bound);
    query.bind(", ended_us = ?", row.ended_us);
    query.bind(", ended_by = ?", row.ended_by);
    query.bind(", end_reason = ?", row.end_reason);
    query.bind(" WHERE id = ?", row.id);
    if (query.change() == 0) return fail(Errc::not_found, "there is no invitation " + row.id);
    return {};
  });
}

Result<std::vector<InvitationRow>> Store::list_invitations(const InvitationFilter& filter) {
  return database_->read("list invitations", [&](soci::session& sql) -> Result<std::vector<InvitationRow>> {
    Query query(sql,
                "SELECT id, user_name, sponsor, lookup, code_hash, failures, taken_us, bound, ended_us, ended_by,"
                " end_reason FROM invitations WHERE 1 = 1");
    if (!filter.id.empty()) query.bind(" AND id = ?", filter.id);
    if (!filter.user.empty()) query.bind(" AND user_name = ?", filter.user);
    if (!filter.sponsor.empty()) query.bind(" AND sponsor = ?", filter.sponsor);
    if (!filter.lookup.empty()) query.bind(" AND lookup = ?", filter.lookup);
    if (filter.open) query.text(" AND ended_us = 0");
    if (!filter.before_id.empty()) query.bind(" AND id < ?", filter.before_id);
    query.bind(" ORDER BY id DESC LIMIT ?", filter.limit);
    InvitationRow row;
    long long failures = 0, taken = 0, ended = 0;
    for (std::string* s : {&row.id, &row.user, &row.sponsor, &row.lookup, &row.code_hash}) query.into(*s);
    query.into(failures);
    query.into(taken);
    query.into(row.bound);
    query.into(ended);
    for (std::string* s : {&row.ended_by, &row.end_reason}) query.into(*s);
    query.run();
    std::vector<InvitationRow> out;
    while (query.fetch()) {
      out.push_back(row);
      out.back().failures = failures;
      out.back().taken_us = taken;
      out.back().ended_us = ended;
    }
    return out;
  });
}

}  // namespace sallyport::store
