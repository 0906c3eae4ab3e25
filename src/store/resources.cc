// SPDX-License-Identifier: Apache-2.0
// Statements on resources: the current ones, every version, and the revision of the whole.
#include "store/database.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

struct RawRow {
  ResourceRow row;
  long long version = 0;
  long long updated_at_us = 0;
  ResourceRow take() const {
    ResourceRow out = row;
    out.version = version;
    out.updated_at_us = updated_at_us;
    return out;
  }
};

Result<std::vector<ResourceRow>> fetch_all(Query& query) {
  RawRow raw;
  query.into(raw.row.kind);
  query.into(raw.row.name);
  query.into(raw.version);
  query.into(raw.row.json);
  query.into(raw.updated_at_us);
  query.run();
  std::vector<ResourceRow> out;
  while (query.fetch()) out.push_back(raw.take());
  return out;
}

long long last_version(soci::session& sql, const std::string& kind, const std::string& name) {
  long long version = 0;
  sql << "SELECT COALESCE(MAX(version), 0) FROM resource_versions WHERE kind = :kind AND name = :name", soci::use(kind),
      soci::use(name), soci::into(version);
  return version;
}

void keep_version(soci::session& sql, const ResourceRow& row) {
  const long long version = row.version;
  const long long updated_at_us = row.updated_at_us;
  sql << "INSERT INTO resource_versions (kind, name, version, body, updated_at_us)"
         " VALUES (:kind, :name, :version, :body, :updated)",
      soci::use(row.kind), soci::use(row.name), soci::use(version), soci::use(row.json), soci::use(updated_at_us);
  sql << "UPDATE counters SET value = value + 1 WHERE name = 'resources'";
}

}  // namespace

Result<ResourceRow> Store::put_resource(std::string_view kind, std::string_view name, std::string_view json,
                                        base::Micros now_us) {
  if (Status good = check_text({kind, name, json}); !good) return pass(good);
  if (kind.empty() || name.empty() || json.empty()) return fail(Errc::invalid, "store: a resource without content");
  ResourceRow row{std::string(kind), std::string(name), 0, std::string(json), now_us};
  return database_->write("put resource", Durability::power_loss, [&](soci::session& sql) -> Result<ResourceRow> {
    std::string old;
    long long old_version = 0;
    long long old_time = 0;
    sql << "SELECT body, version, updated_at_us FROM resources WHERE kind = :kind AND name = :name",
        soci::use(row.kind), soci::use(row.name), soci::into(old), soci::into(old_version), soci::into(old_time);
    if (sql.got_data() && old == row.json) {
      row.version = old_version;
      row.updated_at_us = old_time;
      return row;
    }
    row.version = last_version(sql, row.kind, row.name) + 1;
    const long long version = row.version;
    const long long updated_at_us = row.updated_at_us;
    sql << "INSERT INTO resources (kind, name, version, body, updated_at_us)"
           " VALUES (:kind, :name, :version, :body, :updated) ON CONFLICT (kind, name) DO UPDATE SET"
           " version = excluded.version, body = excluded.body, updated_at_us = excluded.updated_at_us",
        soci::use(row.kind), soci::use(row.name), soci::use(version), soci::use(row.json), soci::use(updated_at_us);
    keep_version(sql, row);
    return row;
  });
}

Result<ResourceRow> Store::get_resource(std::string_view kind, std::string_view name) {
  return database_->read("get resource", [&](soci::session& sql) -> Result<ResourceRow> {
    Query query(sql, "SELECT kind, name, version, body, updated_at_us FROM resources");
    query.bind(" WHERE kind = ?", std::string(kind));
    query.bind(" AND name = ?", std::string(name));
    Result<std::vector<ResourceRow>> rows = fetch_all(query);
    if (!rows) return pass(rows);
    if (rows->empty()) {
      return fail(Errc::not_found, "there is no " + std::string(kind) + " '" + std::string(name) + "'");
    }
    return std::move(rows->front());
  });
}

Result<std::vector<ResourceRow>> Store::list_resources(std::string_view kind) {
  return database_->read("list resources", [&](soci::session& sql) -> Result<std::vector<ResourceRow>> {
    Query query(sql, "SELECT kind, name, version, body, updated_at_us FROM resources");
    if (!kind.empty()) query.bind(" WHERE kind = ?", std::string(kind));
    query.text(" ORDER BY kind, name");
    return fetch_all(query);
  });
}

Status Store::delete_resource(std::string_view kind, std::string_view name, base::Micros now_us) {
  ResourceRow row{std::string(kind), std::string(name), 0, {}, now_us};
  return database_->write("delete resource", Durability::power_loss, [&](soci::session& sql) -> Status {
    long long there = 0;
    sql << "SELECT COUNT(*) FROM resources WHERE kind = :kind AND name = :name", soci::use(row.kind),
        soci::use(row.name), soci::into(there);
    if (there == 0) return fail(Errc::not_found, "there is no " + row.kind + " '" + row.name + "'");
    sql << "DELETE FROM resources WHERE kind = :kind AND name = :name", soci::use(row.kind), soci::use(row.name);
    row.version = last_version(sql, row.kind, row.name) + 1;
    keep_version(sql, row);
    return {};
  });
}

Result<std::vector<ResourceRow>> Store::resource_history(std::string_view kind, std::string_view name) {
  return database_->read("resource history", [&](soci::session& sql) -> Result<std::vector<ResourceRow>> {
    Query query(sql, "SELECT kind, name, version, body, updated_at_us FROM resource_versions");
    query.bind(" WHERE kind = ?", std::string(kind));
    query.bind(" AND name = ?", std::string(name));
    query.text(" ORDER BY version");
    return fetch_all(query);
  });
}

Result<std::int64_t> Store::resources_revision() {
  return database_->read("revision", [](soci::session& sql) -> Result<std::int64_t> {
    long long value = 0;
    sql << "SELECT value FROM counters WHERE name = 'resources'", soci::into(value);
    return value;
  });
}

}  // namespace sallyport::store
