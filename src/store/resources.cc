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
  long long life = 0;
  long long proofs = 0;
  ResourceRow take() const {
    ResourceRow out = row;
    out.version = version;
    out.updated_at_us = updated_at_us;
    out.incarnation = {life, proofs};
    return out;
  }
};

constexpr const char* kSelect = "SELECT kind, name, version, body, updated_at_us, life, proofs FROM resources";

enum class Columns { with_incarnation, of_history };

Result<std::vector<ResourceRow>> fetch_all(Query& query, Columns columns) {
  RawRow raw;
  query.into(raw.row.kind);
  query.into(raw.row.name);
  query.into(raw.version);
  query.into(raw.row.json);
  query.into(raw.updated_at_us);
  if (columns == Columns::with_incarnation) {
    query.into(raw.life);
    query.into(raw.proofs);
  } else {
    query.into(raw.row.author);
  }
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

Incarnation renewed(soci::session& sql, Incarnation old, Renewal renewal) {
  if (renewal == Renewal::none) return old;
  sql << "UPDATE counters SET value = value + 1 WHERE name = 'incarnations'";
  long long number = 0;
  sql << "SELECT value FROM counters WHERE name = 'incarnations'", soci::into(number);
  return {renewal == Renewal::life ? number : old.life, number};
}

/// With the commit, this node's snapshots and other nodes know that they are stale.
void count_change(soci::session& sql, Backend& backend) {
  sql << "UPDATE counters SET value = value + 1 WHERE name = 'resources'";
  backend.announce(sql);
}

void keep_version(soci::session& sql, Backend& backend, const ResourceRow& row) {
  const long long version = row.version;
  const long long updated_at_us = row.updated_at_us;
  sql << "INSERT INTO resource_versions (kind, name, version, body, updated_at_us, author)"
         " VALUES (:kind, :name, :version, :body, :updated, :author)",
      soci::use(row.kind), soci::use(row.name), soci::use(version), soci::use(row.json), soci::use(updated_at_us),
      soci::use(row.author);
  count_change(sql, backend);
}

}  // namespace

Result<ResourceRow> Store::put_resource(std::string_view kind, std::string_view name, std::string_view json,
                                        base::Micros now_us, Renewal renewal, std::string_view author) {
  if (Status good = check_text({kind, name, json, author}); !good) return pass(good);
  if (kind.empty() || name.empty() || json.empty()) return fail(Errc::invalid, "store: a resource without content");
  ResourceRow row{std::string(kind), std::string(name), 0, std::string(json), now_us, {}, std::string(author)};
  return database_->write("put resource", Durability::power_loss, [&](soci::session& sql) -> Result<ResourceRow> {
    std::string old;
    long long old_version = 0;
    long long old_time = 0;
    long long life = 0;
    long long proofs = 0;
    sql << "SELECT body, version, updated_at_us, life, proofs FROM resources WHERE kind = :kind AND name = :name",
        soci::use(row.kind), soci::use(row.name), soci::into(old), soci::into(old_version), soci::into(old_time),
        soci::into(life), soci::into(proofs);
    const bool is_new = !sql.got_data();
    row.incarnation = {life, proofs};
    if (!is_new && old == row.json) {
      row.version = old_version;
      row.updated_at_us = old_time;
      return row;
    }
    row.incarnation = renewed(sql, row.incarnation, is_new ? Renewal::life : renewal);
    life = row.incarnation.life;
    proofs = row.incarnation.proofs;
    row.version = last_version(sql, row.kind, row.name) + 1;
    const long long version = row.version;
    const long long updated_at_us = row.updated_at_us;
    sql << "INSERT INTO resources (kind, name, version, body, updated_at_us, life, proofs)"
           " VALUES (:kind, :name, :version, :body, :updated, :life, :proofs) ON CONFLICT (kind, name) DO UPDATE SET"
           " version = excluded.version, body = excluded.body, updated_at_us = excluded.updated_at_us,"
           " life = excluded.life, proofs = excluded.proofs",
        soci::use(row.kind), soci::use(row.name), soci::use(version), soci::use(row.json), soci::use(updated_at_us),
        soci::use(life), soci::use(proofs);
    keep_version(sql, database_->backend(), row);
    return row;
  });
}

Status Store::renew_resource(std::string_view kind, std::string_view name, Renewal renewal) {
  if (!check_text({kind, name})) return {};
  const std::string of_kind(kind);
  const std::string named(name);
  return database_->write("renew resource", Durability::power_loss, [&](soci::session& sql) -> Status {
    long long life = 0;
    long long proofs = 0;
    sql << "SELECT life, proofs FROM resources WHERE kind = :kind AND name = :name", soci::use(of_kind),
        soci::use(named), soci::into(life), soci::into(proofs);
    if (!sql.got_data() || renewal == Renewal::none) return {};
    const Incarnation now = renewed(sql, {life, proofs}, renewal);
    life = now.life;
    proofs = now.proofs;
    sql << "UPDATE resources SET life = :life, proofs = :proofs WHERE kind = :kind AND name = :name", soci::use(life),
        soci::use(proofs), soci::use(of_kind), soci::use(named);
    count_change(sql, database_->backend());
    return {};
  });
}

Result<ResourceRow> Store::get_resource(std::string_view kind, std::string_view name) {
  return database_->read("get resource", [&](soci::session& sql) -> Result<ResourceRow> {
    Query query(sql, kSelect);
    query.bind(" WHERE kind = ?", std::string(kind));
    query.bind(" AND name = ?", std::string(name));
    Result<std::vector<ResourceRow>> rows = fetch_all(query, Columns::with_incarnation);
    if (!rows) return pass(rows);
    if (rows->empty()) {
      return fail(Errc::not_found, "there is no " + std::string(kind) + " '" + std::string(name) + "'");
    }
    return std::move(rows->front());
  });
}

Result<std::vector<ResourceRow>> Store::list_resources(std::string_view kind) {
  return database_->read("list resources", [&](soci::session& sql) -> Result<std::vector<ResourceRow>> {
    Query query(sql, kSelect);
    if (!kind.empty()) query.bind(" WHERE kind = ?", std::string(kind));
    query.text(" ORDER BY kind, name");
    return fetch_all(query, Columns::with_incarnation);
  });
}

Result<std::vector<ResourceRow>> Store::list_resources(const ResourceFilter& filter) {
  return database_->read("list resources", [&](soci::session& sql) -> Result<std::vector<ResourceRow>> {
    Query query(sql, kSelect);
    query.bind(" WHERE kind = ?", filter.kind);
    if (!filter.after_name.empty()) query.bind(" AND name > ?", filter.after_name);
    query.bind(" ORDER BY name LIMIT ?", filter.limit);
    return fetch_all(query, Columns::with_incarnation);
  });
}

Result<std::int64_t> Store::count_resources(std::string_view kind) {
  const std::string of_kind(kind);
  return database_->read("count resources", [&](soci::session& sql) -> Result<std::int64_t> {
    long long count = 0;
    sql << "SELECT COUNT(*) FROM resources WHERE kind = :kind", soci::use(of_kind), soci::into(count);
    return count;
  });
}

Status Store::delete_resource(std::string_view kind, std::string_view name, base::Micros now_us,
                              std::string_view author) {
  if (!check_text({kind, name, author})) return fail(Errc::not_found, "there is no such resource");
  ResourceRow row{std::string(kind), std::string(name), 0, {}, now_us, {}, std::string(author)};
  return database_->write("delete resource", Durability::power_loss, [&](soci::session& sql) -> Status {
    long long there = 0;
    sql << "SELECT COUNT(*) FROM resources WHERE kind = :kind AND name = :name", soci::use(row.kind),
        soci::use(row.name), soci::into(there);
    if (there == 0) return fail(Errc::not_found, "there is no " + row.kind + " '" + row.name + "'");
    sql << "DELETE FROM resources WHERE kind = :kind AND name = :name", soci::use(row.kind), soci::use(row.name);
    row.version = last_version(sql, row.kind, row.name) + 1;
    keep_version(sql, database_->backend(), row);
    return {};
  });
}

Result<std::vector<ResourceRow>> Store::resource_history(std::string_view kind, std::string_view name) {
  return database_->read("resource history", [&](soci::session& sql) -> Result<std::vector<ResourceRow>> {
    Query query(sql, "SELECT kind, name, version, body, updated_at_us, author FROM resource_versions");
    query.bind(" WHERE kind = ?", std::string(kind));
    query.bind(" AND name = ?", std::string(name));
    query.text(" ORDER BY version");
    return fetch_all(query, Columns::of_history);
  });
}

Status Store::note_change() {
  return database_->write("note change", Durability::power_loss, [&](soci::session& sql) -> Status {
    count_change(sql, database_->backend());
    return {};
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
