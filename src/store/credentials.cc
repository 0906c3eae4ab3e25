// SPDX-License-Identifier: Apache-2.0
// Statements on credentials. What is in `value` was hashed or sealed before it came here.
#include "store/database.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kSelect = "SELECT owner_kind, owner_name, type, version, value, updated_at_us FROM credentials";

std::vector<CredentialRow> fetch_all(Query& query) {
  CredentialRow row;
  long long version = 0;
  long long updated_at_us = 0;
  query.into(row.key.owner_kind);
  query.into(row.key.owner_name);
  query.into(row.key.type);
  query.into(version);
  query.into(row.value);
  query.into(updated_at_us);
  query.run();
  std::vector<CredentialRow> out;
  while (query.fetch()) {
    out.push_back(row);
    out.back().version = version;
    out.back().updated_at_us = updated_at_us;
  }
  return out;
}

}  // namespace

Status Store::put_credential(const CredentialRow& row) {
  if (Status good = check_text({row.key.owner_kind, row.key.owner_name, row.key.type, row.value}); !good) return good;
  const long long version = row.version;
  const long long updated_at_us = row.updated_at_us;
  return database_->write("put credential", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO credentials (owner_kind, owner_name, type, version, value, updated_at_us)"
           " VALUES (:kind, :name, :type, :version, :value, :updated)"
           " ON CONFLICT (owner_kind, owner_name, type) DO UPDATE SET"
           " version = excluded.version, value = excluded.value, updated_at_us = excluded.updated_at_us",
        soci::use(row.key.owner_kind), soci::use(row.key.owner_name), soci::use(row.key.type), soci::use(version),
        soci::use(row.value), soci::use(updated_at_us);
    return {};
  });
}

Result<CredentialRow> Store::get_credential(const CredentialKey& key) {
  return database_->read("get credential", [&](soci::session& sql) -> Result<CredentialRow> {
    Query query(sql, kSelect);
    query.bind(" WHERE owner_kind = ?", key.owner_kind);
    query.bind(" AND owner_name = ?", key.owner_name);
    query.bind(" AND type = ?", key.type);
    std::vector<CredentialRow> rows = fetch_all(query);
    if (rows.empty()) {
      return fail(Errc::not_found, key.owner_kind + " '" + key.owner_name + "' has no " + key.type);
    }
    return std::move(rows.front());
  });
}

Result<std::vector<CredentialRow>> Store::list_credentials(std::string_view owner_kind) {
  return database_->read("list credentials", [&](soci::session& sql) -> Result<std::vector<CredentialRow>> {
    Query query(sql, kSelect);
    if (!owner_kind.empty()) query.bind(" WHERE owner_kind = ?", std::string(owner_kind));
    query.text(" ORDER BY owner_kind, owner_name, type");
    return fetch_all(query);
  });
}

Status Store::delete_credential(const CredentialKey& key) {
  if (!check_text({key.owner_kind, key.owner_name, key.type})) {
    return fail(Errc::not_found, "there is no such credential");
  }
  return database_->write("delete credential", Durability::power_loss, [&](soci::session& sql) -> Status {
    long long there = 0;
    sql << "SELECT COUNT(*) FROM credentials WHERE owner_kind = :kind AND owner_name = :name AND type = :type",
        soci::use(key.owner_kind), soci::use(key.owner_name), soci::use(key.type), soci::into(there);
    if (there == 0) return fail(Errc::not_found, key.owner_kind + " '" + key.owner_name + "' has no " + key.type);
    sql << "DELETE FROM credentials WHERE owner_kind = :kind AND owner_name = :name AND type = :type",
        soci::use(key.owner_kind), soci::use(key.owner_name), soci::use(key.type);
    return {};
  });
}

Status Store::delete_credentials_of(std::string_view owner_kind, std::string_view owner_name) {
  if (!check_text({owner_kind, owner_name})) return {};
  const std::string kind(owner_kind);
  const std::string name(owner_name);
  return database_->write("delete credentials", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "DELETE FROM credentials WHERE owner_kind = :kind AND owner_name = :name", soci::use(kind), soci::use(name);
    return {};
  });
}

}  // namespace sallyport::store
