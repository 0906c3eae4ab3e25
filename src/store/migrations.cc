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

constexpr const char* kNodeSetting = "store.node";
constexpr std::string_view kNodePlace = "{node}";  // in a step: the node whose store this has been so far

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
      {
          // One audit chain per node.
          "DROP INDEX audit_by_session",
          "DROP INDEX audit_by_type",
          "DROP INDEX audit_by_actor",
          "DROP INDEX audit_by_time",
          "ALTER TABLE audit RENAME TO audit_of_one_node",
          "ALTER TABLE audit_heads RENAME TO audit_heads_of_one_node",
          "CREATE TABLE audit (node TEXT NOT NULL, seq BIGINT NOT NULL, time_us BIGINT NOT NULL, type TEXT NOT NULL,"
          " actor TEXT NOT NULL, session TEXT NOT NULL, body TEXT NOT NULL, salt TEXT NOT NULL, leaf TEXT NOT NULL,"
          " chain TEXT NOT NULL, PRIMARY KEY (node, seq))",
          "CREATE TABLE audit_heads (node TEXT NOT NULL, seq BIGINT NOT NULL, time_us BIGINT NOT NULL,"
          " chain TEXT NOT NULL, public_key TEXT NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (node, seq))",
          "INSERT INTO audit (node, seq, time_us, type, actor, session, body, salt, leaf, chain)"
          " SELECT '{node}', seq, time_us, type, actor, session, body, salt, leaf, chain FROM audit_of_one_node",
          "INSERT INTO audit_heads (node, seq, time_us, chain, public_key, signature)"
          " SELECT '{node}', seq, time_us, chain, public_key, signature FROM audit_heads_of_one_node",
          "DROP TABLE audit_of_one_node",
          "DROP TABLE audit_heads_of_one_node",
          "UPDATE settings SET name = 'audit.tip.{node}' WHERE name = 'audit.tip'",
          "CREATE INDEX audit_by_session ON audit (node, session, seq)",
          "CREATE INDEX audit_by_type ON audit (node, type, seq)",
          "CREATE INDEX audit_by_actor ON audit (node, actor, seq)",
          "CREATE INDEX audit_by_time ON audit (node, time_us)",
          "CREATE INDEX sessions_by_node ON sessions (node, state, id)",
      },
      {
          "CREATE TABLE requests (id TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL, requester TEXT NOT NULL,"
          " requester_life BIGINT NOT NULL, sponsor TEXT NOT NULL, account TEXT NOT NULL, targets TEXT NOT NULL,"
          " reason TEXT NOT NULL, ticket TEXT NOT NULL, created_us BIGINT NOT NULL, decide_by_us BIGINT NOT NULL,"
          " start_us BIGINT NOT NULL, valid_seconds BIGINT NOT NULL, max_sessions BIGINT NOT NULL,"
          " sessions_opened BIGINT NOT NULL, rules TEXT NOT NULL,"
          " approved_us BIGINT NOT NULL, closed_us BIGINT NOT NULL,"
          " closed_by TEXT NOT NULL)",
          "CREATE INDEX requests_by_state ON requests (state, id)",
          "CREATE INDEX requests_by_requester ON requests (requester, state, id)",
          "CREATE TABLE request_votes (request TEXT NOT NULL, voter TEXT NOT NULL, verdict TEXT NOT NULL,"
          " at_us BIGINT NOT NULL, comment TEXT NOT NULL, PRIMARY KEY (request, voter))",
      },
      {
          "ALTER TABLE resource_versions ADD COLUMN author TEXT NOT NULL DEFAULT ''",
      },
      {
          "ALTER TABLE requests ADD COLUMN emergency BIGINT NOT NULL DEFAULT 0",
          "ALTER TABLE requests ADD COLUMN reviewed_us BIGINT NOT NULL DEFAULT 0",
          "ALTER TABLE requests ADD COLUMN reviewed_by TEXT NOT NULL DEFAULT ''",
          "ALTER TABLE requests ADD COLUMN review TEXT NOT NULL DEFAULT ''",
          "CREATE INDEX requests_to_review ON requests (emergency, reviewed_by, id)",
      },
      {
          // Second factors of users.
          "CREATE TABLE factors (user_name TEXT NOT NULL, type TEXT NOT NULL, enrolled_at_us BIGINT NOT NULL,"
          " last_step BIGINT NOT NULL, failures BIGINT NOT NULL, wait_until_us BIGINT NOT NULL,"
          " PRIMARY KEY (user_name, type))",
      },
      {
          // Changes that wait for a second administrator, and emergencies that wait for a review.
          "CREATE TABLE changes (id TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL, author TEXT NOT NULL,"
          " author_life BIGINT NOT NULL, actor TEXT NOT NULL, areas TEXT NOT NULL, reason TEXT NOT NULL,"
          " steps TEXT NOT NULL, created_us BIGINT NOT NULL, decide_by_us BIGINT NOT NULL,"
          " emergency BIGINT NOT NULL, decided_us BIGINT NOT NULL, decided_by TEXT NOT NULL, comment TEXT NOT NULL,"
          " reviewed_us BIGINT NOT NULL, reviewed_by TEXT NOT NULL, review TEXT NOT NULL)",
          "CREATE INDEX changes_by_state ON changes (state, id)",
          "CREATE INDEX changes_to_review ON changes (emergency, reviewed_by, id)",
          // Requests that only say why, and what may run under an approval.
          "ALTER TABLE requests ADD COLUMN stated BIGINT NOT NULL DEFAULT 0",
          "ALTER TABLE requests ADD COLUMN commands TEXT NOT NULL DEFAULT ''",
          "ALTER TABLE requests ADD COLUMN playbook TEXT NOT NULL DEFAULT ''",
      },
      {
          // Invitations of outsiders.
          "CREATE TABLE invitations (id TEXT NOT NULL PRIMARY KEY, user_name TEXT NOT NULL, sponsor TEXT NOT NULL,"
          " lookup TEXT NOT NULL, code_hash TEXT NOT NULL, failures BIGINT NOT NULL, taken_us BIGINT NOT NULL,"
          " bound TEXT NOT NULL, ended_us BIGINT NOT NULL, ended_by TEXT NOT NULL, end_reason TEXT NOT NULL)",
          "CREATE INDEX invitations_by_lookup ON invitations (lookup)",
          "CREATE INDEX invitations_by_end ON invitations (ended_us, id)",
          "CREATE INDEX invitations_by_sponsor ON invitations (sponsor, id)",
      },
      {
          // What requests were about when they were made.
          "ALTER TABLE requests ADD COLUMN places TEXT NOT NULL DEFAULT ''",
      },
  };
  return all;
}

std::string in_words_of(const Backend& backend, std::string statement, const std::string& node) {
  for (std::size_t at = statement.find(kNodePlace); at != std::string::npos; at = statement.find(kNodePlace)) {
    statement.replace(at, kNodePlace.size(), node);
  }
  return backend.schema(statement);
}

/// A store that only one node can be in keeps that node's name: what it signed stands under it.
Status take_name(Store::Database& database, soci::session& sql, const Options& options) {
  const std::string setting = kNodeSetting;
  std::string name;
  sql << "SELECT value FROM settings WHERE name = :name", soci::use(setting), soci::into(name);
  if (!sql.got_data()) {
    sql << "INSERT INTO settings (name, value) VALUES (:name, :value)", soci::use(setting), soci::use(options.node);
    return {};
  }
  if (options.naming == Naming::fixed && name != options.node) {
    return fail(Errc::unsupported, "store: this is the store of node '" + name +
                                       "', and the configuration says node: " + options.node + "; write node: " + name +
                                       ", under which its audit log is signed");
  }
  database.set_node(name);
  return {};
}

Status run_steps(Store::Database& database, soci::session& sql, const Options& options) {
  const Backend& backend = database.backend();
  sql << backend.schema("CREATE TABLE IF NOT EXISTS schema_migrations (step BIGINT NOT NULL PRIMARY KEY)");
  long long done = 0;
  sql << "SELECT COALESCE(MAX(step), 0) FROM schema_migrations", soci::into(done);
  const auto known = static_cast<long long>(steps().size());
  if (done > known) {
    return fail(Errc::unsupported, "store: this database was written by a newer version of Sallyport (schema " +
                                       std::to_string(done) + ", this version knows " + std::to_string(known) +
                                       "); install that version again");
  }
  for (long long step = done; step < known; ++step) {
    for (const char* statement : steps()[static_cast<std::size_t>(step)]) {
      sql << in_words_of(backend, statement, options.node);
    }
    const long long number = step + 1;
    sql << "INSERT INTO schema_migrations (step) VALUES (:step)", soci::use(number);
  }
  return backend.shared() ? Status() : take_name(database, sql, options);
}

}  // namespace

Status migrate(Store::Database& database, const Options& options) {
  Status locked = database.read("migrate", [&](soci::session& sql) -> Status {
    database.backend().lock_schema(sql);
    return {};
  });
  if (!locked) return locked;
  Status done = database.write("migrate", Durability::power_loss,
                               [&](soci::session& sql) { return run_steps(database, sql, options); });
  Status unlocked = database.read("migrate", [&](soci::session& sql) -> Status {
    database.backend().unlock_schema(sql);
    return {};
  });
  return done ? unlocked : done;
}

}  // namespace sallyport::store
