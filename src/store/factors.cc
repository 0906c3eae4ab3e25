// SPDX-License-Identifier: Apache-2.0
// Statements on users' second factors: how far each was used, and how often somebody guessed at it.
#include "store/database.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kSelect =
    "SELECT user_name, type, enrolled_at_us, last_step, failures, wait_until_us FROM factors";

std::vector<FactorRow> fetch_all(Query& query) {
  FactorRow row;
  long long enrolled_at_us = 0;
  long long last_step = 0;
  long long failures = 0;
  long long wait_until_us = 0;
  query.into(row.user);
  query.into(row.type);
  query.into(enrolled_at_us);
  query.into(last_step);
  query.into(failures);
  query.into(wait_until_us);
  query.run();
  std::vector<FactorRow> out;
  while (query.fetch()) {
    out.push_back(row);
    out.back().enrolled_at_us = enrolled_at_us;
    out.back().last_step = last_step;
    out.back().failures = failures;
    out.back().wait_until_us = wait_until_us;
  }
  return out;
}

}  // namespace

Status Store::put_factor(const FactorRow& row) {
  if (Status good = check_text({row.user, row.type}); !good) return good;
  const long long enrolled_at_us = row.enrolled_at_us;
  const long long last_step = row.last_step;
  const long long failures = row.failures;
  const long long wait_until_us = row.wait_until_us;
  return database_->write("put factor", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO factors (user_name, type, enrolled_at_us, last_step, failures, wait_until_us)"
           " VALUES (:user, :type, :enrolled, :step, :failures, :wait)"
           " ON CONFLICT (user_name, type) DO UPDATE SET enrolled_at_us = excluded.enrolled_at_us,"
           " last_step = excluded.last_step, failures = excluded.failures, wait_until_us = excluded.wait_until_us",
        soci::use(row.user), soci::use(row.type), soci::use(enrolled_at_us), soci::use(last_step), soci::use(failures),
        soci::use(wait_until_us);
    return {};
  });
}

Result<FactorRow> Store::get_factor(std::string_view user, std::string_view type) {
  return database_->read("get factor", [&](soci::session& sql) -> Result<FactorRow> {
    Query query(sql, kSelect);
    query.bind(" WHERE user_name = ?", std::string(user));
    query.bind(" AND type = ?", std::string(type));
    std::vector<FactorRow> rows = fetch_all(query);
    if (rows.empty()) {
      return fail(Errc::not_found, "user '" + std::string(user) + "' has no factor " + std::string(type));
    }
    return std::move(rows.front());
  });
}

Result<std::vector<FactorRow>> Store::list_factors() {
  return database_->read("list factors", [&](soci::session& sql) -> Result<std::vector<FactorRow>> {
    Query query(sql, kSelect);
    query.text(" ORDER BY user_name, type");
    return fetch_all(query);
  });
}

Status Store::delete_factors_of(std::string_view user) {
  if (!check_text({user})) return {};
  const std::string name(user);
  return database_->write("delete factors", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "DELETE FROM factors WHERE user_name = :user", soci::use(name);
    return {};
  });
}

}  // namespace sallyport::store
