// SPDX-License-Identifier: Apache-2.0
// What tests of the store and of what stands on it share: both databases, each really there. PostgreSQL is started by
// the first test that asks for it, on a Unix socket in a directory of its own, and ended with the program.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "store/store.h"

namespace sallyport::store {

/// A PostgreSQL server of the test program's own. It refuses to be root, so under root it is somebody else.
class PostgresServer {
 public:
  PostgresServer() : owner_(getpid()) {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-pg-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no directory for PostgreSQL");
    dir_ = path;
    if (const passwd* other = geteuid() == 0 ? getpwnam("nobody") : nullptr; other != nullptr) {
      uid_ = other->pw_uid;
      gid_ = other->pw_gid;
      if (chown(dir_.c_str(), uid_, gid_) != 0) throw std::runtime_error("chown");
    }
    // The collation is not that of bytes: what the store sorts must not depend on it.
    const pid_t made =
        run({"initdb", "-D", dir_ + "/data", "-U", "sallyport", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
             "--locale-provider=icu", "--icu-locale=en", "--no-sync", "--no-instructions"});
    int status = 0;
    waitpid(made, &status, 0);
    if (status != 0) throw std::runtime_error("initdb failed; is postgresql-15 installed?");
    start();
  }
  ~PostgresServer() {
    if (getpid() != owner_) return;  // a child of a test
    stop();
    std::filesystem::remove_all(dir_);
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  void start() {
    server_ = run({"postgres", "-D", dir_ + "/data", "-k", dir_, "-c", "listen_addresses=", "-c",
                   "unix_socket_permissions=0777", "-c", "max_wal_senders=1", "-c", "shared_buffers=16MB"});
    for (int i = 0; i < 3000; ++i) {
      if (PQping(url("").c_str()) == PQPING_OK) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("PostgreSQL did not start");
  }
  /// At once, as a server that is restarted: connections are cut.
  void stop() {
    if (server_ <= 0) return;
    kill(server_, SIGINT);
    waitpid(server_, nullptr, 0);
    server_ = 0;
  }

  /// Of the schema, which is made when absent: a store of its own.
  std::string url(const std::string& schema) const {
    std::string out = "postgresql://sallyport@/postgres?host=" + dir_;
    if (!schema.empty()) out += "&options=-csearch_path%3D" + schema;
    return out;
  }
  std::string fresh_schema() {
    const std::string name = "s" + std::to_string(++schemas_);
    ask(url(""), "CREATE SCHEMA " + name);
    return name;
  }
  /// The last column of each row, joined.
  static std::string ask(const std::string& url, const std::string& sql) {
    PGconn* connection = PQconnectdb(url.c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << PQerrorMessage(connection);
    std::string out;
    for (int i = 0; i < PQntuples(result); ++i) out += std::string(PQgetvalue(result, i, PQnfields(result) - 1)) + "\n";
    PQclear(result);
    PQfinish(connection);
    return out;
  }

  static PostgresServer& shared() {
    static PostgresServer server;
    return server;
  }

 private:
  static std::string program(const std::string& name) {
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
      const std::string path = version.path().string() + "/bin/" + name;
      if (std::filesystem::exists(path)) return path;
    }
    return name;
  }
  pid_t run(std::vector<std::string> words) const {
    words[0] = program(words[0]);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log = dir_ + "/log";
    const pid_t child = fork();
    if (child != 0) return child;
    if (uid_ != 0 && (setgid(gid_) != 0 || setuid(uid_) != 0)) _exit(126);
    if (freopen(log.c_str(), "a", stdout) == nullptr || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) _exit(126);
    if (chdir("/") != 0) _exit(126);
    execv(argv[0], argv.data());
    _exit(127);
  }

  const pid_t owner_;
  std::string dir_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  pid_t server_ = 0;
  int schemas_ = 0;
};

enum class Kind { sqlite, postgresql };

inline std::string name_of(const ::testing::TestParamInfo<Kind>& info) {
  return info.param == Kind::sqlite ? "Sqlite" : "Postgresql";
}

/// An empty database of the kind, and a way to change it behind the store's back.
class TestDatabase {
 public:
  explicit TestDatabase(Kind kind) : kind_(kind) {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-store-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no directory");
    dir_ = path;
    if (kind == Kind::postgresql) schema_ = PostgresServer::shared().fresh_schema();
  }
  ~TestDatabase() { std::filesystem::remove_all(dir_); }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& dir() const { return dir_; }
  Options options(const std::string& node = "node") const {
    return {kind_ == Kind::sqlite ? "sqlite" : PostgresServer::shared().url(schema_), dir_, node};
  }
  /// Changes it behind the store's back; the answer is the last column of each row, joined.
  std::string raw(const std::string& sql) const {
    if (kind_ == Kind::postgresql) return PostgresServer::ask(PostgresServer::shared().url(schema_), sql);
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open((dir_ + "/sallyport.db").c_str(), &db), SQLITE_OK);
    std::string out;
    const auto take = [](void* to, int columns, char** values, char**) {
      *static_cast<std::string*>(to) += std::string(values[columns - 1]) + "\n";
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), take, &out, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
    return out;
  }

  /// From now on each transaction that writes to the table loses to another one once, and has to run again.
  void contend(const std::string& table) const {
    raw("CREATE SEQUENCE turns; CREATE FUNCTION contend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF coalesce(current_setting('contend.turn', true), '') = '' THEN"
        " PERFORM set_config('contend.turn', nextval('turns')::text, true); END IF;"
        " IF current_setting('contend.turn')::bigint % 2 = 1 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;"
        " RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER contend AFTER INSERT OR UPDATE OR DELETE ON " +
        table + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION contend()");
  }

 private:
  const Kind kind_;
  std::string dir_;
  std::string schema_;
};

}  // namespace sallyport::store
