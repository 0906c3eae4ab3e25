// SPDX-License-Identifier: Apache-2.0
// The schema, step by step. A step that was ever released is never edited: a change is a new step. BIGINT and TEXT
// only, in words that SQLite and PostgreSQL both understand.
#include <string>
#include <vector>

#include "store/database.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Status;

namespace {

const std::vector<std::vector<const char*>>& steps() {
  static const std::vector<std::vector<const char*>> all = {
      {
          "CREATE TABLE resources (kind TEXT NOT NULL, name TEXT NOT NULL, version BIGINT NOT NULL, body TEXT NOT NULL,"
          " updated_at_us BIGINT NOT NULL, PRIMARY KEY (kind, name))",
          "CREATE TABLE resource_versions (kind TEXT NOT NULL, name TEXT NOT NULL, version BIGINT NOT NULL,"
          " body TEXT NOT NULL, updated_at_us BIGINT NOT NULL, PRIMARY KEY (kind, name, version))",
          "CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)",
          "INSERT INTO counters (name, value) VALUES ('resources', 0)",
          "CREATE TABLE credentials (owner_kind TEXT NOT NULL, owner_name TEXT NOT NULL, type TEXT NOT NULL,"
          " version BIGINT NOT NULL, value TEXT NOT NULL, updated_at_us BIGINT NOT NULL,"
          " PRIMARY KEY (owner_kind, owner_name, type))",
          "CREATE TABLE sessions (id TEXT NOT NULL PRIMARY KEY, node TEXT NOT NULL, user_name TEXT NOT NULL,"
          " account TEXT NOT NULL, target TEXT NOT NULL, protocol TEXT NOT NULL, source TEXT NOT NULL,"
          " state TEXT NOT NULL, started_at_us BIGINT NOT NULL, ended_at_us BIGINT NOT NULL, end_reason TEXT NOT NULL,"
          " recording_state TEXT NOT NULL, bytes BIGINT NOT NULL, events BIGINT NOT NULL, integrity TEXT NOT NULL,"
          " detail TEXT NOT NULL)",
          "CREATE INDEX sessions_by_state ON sessions (state, id)",
          "CREATE INDEX sessions_by_user ON sessions (user_name, id)",
          "CREATE INDEX sessions_by_target ON sessions (target, id)",
          "CREATE TABLE audit (seq BIGINT NOT NULL PRIMARY KEY, time_us BIGINT NOT NULL, type TEXT NOT NULL,"
          " actor TEXT NOT NULL, session TEXT NOT NULL, body TEXT NOT NULL, salt TEXT NOT NULL, leaf TEXT NOT NULL,"
          " chain TEXT NOT NULL)",
          "CREATE INDEX audit_by_session ON audit (session, seq)",
          "CREATE TABLE audit_heads (seq BIGINT NOT NULL PRIMARY KEY, time_us BIGINT NOT NULL, chain TEXT NOT NULL,"
          " public_key TEXT NOT NULL, signature TEXT NOT NULL)",
          "CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
      },
      {
          // What is searched by.
          "CREATE INDEX audit_by_type ON audit (type, seq)",
          "CREATE INDEX audit_by_actor ON audit (actor, seq)",
          "CREATE INDEX audit_by_time ON audit (time_us)",
          "CREATE INDEX sessions_by_account ON sessions (account, id)",
          "CREATE INDEX sessions_by_start ON sessions (started_at_us)",
      },
      {
          "ALTER TABLE resources ADD COLUMN life BIGINT NOT NULL DEFAULT 0",
          "ALTER TABLE resources ADD COLUMN proofs BIGINT NOT NULL DEFAULT 0",
          "INSERT INTO counters (name, value) VALUES ('incarnations', 0)",
      },
  };
  return all;
}

}  // namespace

Status migrate(Store::Database& database) {
  return database.write("migrate", Durability::power_loss, [](soci::session& sql) -> Status {
    sql << "CREATE TABLE IF NOT EXISTS schema_migrations (step BIGINT NOT NULL PRIMARY KEY)";
    long long done = 0;
    sql << "SELECT COALESCE(MAX(step), 0) FROM schema_migrations", soci::into(done);
    const auto known = static_cast<long long>(steps().size());
    if (done > known) {
      return fail(Errc::unsupported, "store: this database was written by a newer version of Sallyport (schema " +
                                         std::to_string(done) + ", this version knows " + std::to_string(known) +
                                         "); install that version again");
    }
    for (long long step = done; step < known; ++step) {
      for (const char* statement : steps()[static_cast<std::size_t>(step)]) sql << statement;
      const long long number = step + 1;
      sql << "INSERT INTO schema_migrations (step) VALUES (:step)", soci::use(number);
    }
    return {};
  });
}

}  // namespace sallyport::store
