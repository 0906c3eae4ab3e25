// SPDX-License-Identifier: Apache-2.0
// PostgreSQL: several nodes in one database, each the only writer of what is its own. No text of the server or of libpq
// leaves this file but for why a first connection failed; a URL may hold a password and is in no message.
#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>

#include <array>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/escape.h"
#include "store/backend.h"
#include "store/postgresql_url.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr int kOldestServer = 130000;
constexpr int kLockTries = 50;  // five seconds: the server may not have noticed yet that this node's last life ended
constexpr std::size_t kMaxReason = 300;
constexpr const char* kSchemaLock =
    "SELECT 1 FROM (SELECT pg_advisory_lock(hashtextextended('sallyport schema', 0))) t";
constexpr const char* kSchemaUnlock =
    "SELECT 1 FROM (SELECT pg_advisory_unlock(hashtextextended('sallyport schema', 0))) t";

struct Known {
  const char* state;  ///< SQLSTATE, or the beginning of one
  Errc code;
  Again again;
};

// The first that fits counts.
constexpr std::array kKnown = {
    Known{"40001", Errc::busy, Again::contended},  // serialization failure
    Known{"40P01", Errc::busy, Again::contended},  // deadlock
    Known{"55P03", Errc::busy, Again::contended},  // a lock was not to be had
    Known{"08", Errc::closed, Again::lost},        // the connection
    Known{"57P", Errc::closed, Again::lost},       // the server stops, starts or crashed
    Known{"25006", Errc::closed, Again::lost},     // it became a standby, or we are at one
    Known{"53300", Errc::closed, Again::lost},     // too many connections
    Known{"57014", Errc::timeout, Again::no},      // statement_timeout
    Known{"23505", Errc::exists, Again::no},       // unique violation
    Known{"53", Errc::full, Again::no},            // no disk, no memory
    Known{"54", Errc::full, Again::no},            // a limit of the server's
    Known{"22021", Errc::invalid, Again::no},      // not in the encoding
    Known{"28", Errc::denied, Again::no},          // the login
    Known{"42501", Errc::denied, Again::no},       // a right
    Known{"58", Errc::io, Again::no},              // its operating system
    Known{"XX001", Errc::corrupt, Again::no},      // a damaged page
    Known{"XX002", Errc::corrupt, Again::no},      // a damaged index
};

std::string shown(soci::session& sql, const char* name) {
  std::string value;
  sql << std::string("SHOW ") + name, soci::into(value);
  return value;
}

class PostgresqlBackend final : public Backend {
 public:
  PostgresqlBackend(std::string parameters, std::string node)
      : parameters_(std::move(parameters)), node_(std::move(node)) {}

  Status connect(soci::session& sql, Access access) override {
    try {
      sql.open(soci::postgresql, parameters_);
    } catch (const soci::soci_error& e) {
      return fail(Errc::closed, "store: the database cannot be reached: " +
                                    base::escape_for_terminal(reason(e.get_error_message()), kMaxReason));
    }
    try {
      return set_up(sql, access);
    } catch (const std::exception& e) {
      const Fault found = fault(e);
      return fail(found.code, std::string("store: open: ") + explanation(found.code) + found.number);
    }
  }

  bool alive(soci::session& sql) const override { return PQstatus(connection(sql)) == CONNECTION_OK; }

  void begin(soci::session& sql, Durability) override { sql << "BEGIN ISOLATION LEVEL SERIALIZABLE"; }

  Fault fault(const std::exception& e) const override {
    const auto* known = dynamic_cast<const soci::postgresql_soci_error*>(&e);
    if (known == nullptr) return {};
    const std::string state = known->sqlstate();
    // Only what the server says has a state: this is libpq, whose connection broke.
    if (state.find_first_not_of(' ') == std::string::npos) return {Errc::closed, {}, Again::lost};
    Fault out;
    for (const Known& one : kKnown) {
      if (state.compare(0, std::strlen(one.state), one.state) != 0) continue;
      out.code = one.code;
      out.again = one.again;
      break;
    }
    out.number = " (" + base::escape_for_terminal(state, 5) + ")";
    return out;
  }

  const char* explanation(Errc code) const override {
    switch (code) {
      case Errc::full:
        return "the database has no room left";
      case Errc::busy:
        return "others changed the same at the same time; try again";
      case Errc::closed:
        return "the database does not answer; try again later";
      case Errc::timeout:
        return "the database took too long";
      case Errc::corrupt:
        return "the database is damaged; restore it from a backup";
      case Errc::exists:
        return "such a row is already there";
      case Errc::denied:
        return "the database refuses its user a right";
      case Errc::io:
        return "the database cannot read or write its files";
      default:
        return "the database refused the statement";
    }
  }

  std::string schema(const std::string& statement) const override {
    std::string out = statement;
    constexpr std::string_view kText = " TEXT ";
    for (std::size_t at = out.find(kText); at != std::string::npos; at = out.find(kText, at + 1)) {
      out.replace(at, kText.size(), " TEXT COLLATE \"C\" ");
    }
    return out;
  }

  void lock_schema(soci::session& sql) override { sql << kSchemaLock; }
  void unlock_schema(soci::session& sql) override { sql << kSchemaUnlock; }
  void announce(soci::session& sql) override { sql << std::string("NOTIFY ") + kResourcesChannel; }
  bool shared() const override { return true; }

 private:
  static PGconn* connection(soci::session& sql) {
    const auto* backend = static_cast<soci::postgresql_session_backend*>(sql.get_backend());
    return backend != nullptr ? backend->conn_ : nullptr;
  }

  /// Of libpq's text for a first connection: SOCI puts a line of its own before it.
  static std::string reason(const std::string& text) {
    const std::size_t line = text.find('\n');
    std::string out = line == std::string::npos ? text : text.substr(line + 1);
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }

  Status set_up(soci::session& sql, Access access) {
    // The server's notices are foreign text, which libpq would print.
    PQsetNoticeProcessor(
        connection(sql), [](void*, const char*) {}, nullptr);
    int version = 0;
    sql << "SELECT CAST(current_setting('server_version_num') AS INTEGER)", soci::into(version);
    if (version < kOldestServer) return fail(Errc::unsupported, "store: PostgreSQL 13 or later is needed");
    if (shown(sql, "server_encoding") != "UTF8") {
      return fail(Errc::unsupported, "store: the database's encoding must be UTF8: createdb --encoding=UTF8");
    }
    // The broker counts on a commit being on the disk.
    if (shown(sql, "fsync") != "on") {
      return fail(Errc::unsupported, "store: the server runs with fsync=off: what it commits may be lost");
    }
    if (shown(sql, "synchronous_commit") == "off") sql << "SET synchronous_commit = on";
    sql << "SET client_encoding = 'UTF8'";
    sql << "SET standard_conforming_strings = on";
    if (access == Access::read_only) {
      sql << "SET default_transaction_read_only = on";
      return {};
    }
    sql << "SET statement_timeout = '60s'";
    sql << "SET lock_timeout = '10s'";
    sql << "SET idle_in_transaction_session_timeout = '60s'";
    // A scan of a whole table conflicts with whatever another node writes to it, an index's part of it does not.
    sql << "SET enable_seqscan = off";
    return be_the_only_one(sql);
  }

  /// The lock is the connection's, and so goes with it: who lost it writes nothing.
  Status be_the_only_one(soci::session& sql) {
    const int tries = started_ ? 1 : kLockTries;
    for (int i = 0; i < tries; ++i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
      int taken = 0;
      sql << "SELECT CASE WHEN pg_try_advisory_lock(hashtextextended('sallyport node ' || current_schema() || ' ' ||"
             " CAST(:node AS TEXT), 0)) THEN 1 ELSE 0 END",
          soci::use(node_), soci::into(taken);
      if (taken == 1) {
        started_ = true;
        return {};
      }
    }
    return fail(Errc::busy, "store: another gateway that is called '" + node_ +
                                "' has the database open; each node needs a name of its own (node:)");
  }

  const std::string parameters_;
  const std::string node_;
  bool started_ = false;
};

}  // namespace

Result<std::unique_ptr<Backend>> make_postgresql_backend(const std::string& url, const std::string& node) {
  Result<std::string> parameters = connection_parameters(url);
  if (!parameters) return pass(parameters);
  return std::unique_ptr<Backend>(std::make_unique<PostgresqlBackend>(std::move(*parameters), node));
}

}  // namespace sallyport::store
