// SPDX-License-Identifier: Apache-2.0
// The connection: opening, transactions, errors.
#include "store/database.h"

#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "base/escape.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

Result<std::string> database_path(const Options& options) {
  if (options.url == "sqlite") return options.data_dir + "/sallyport.db";
  if (options.url.starts_with("sqlite:")) return options.url.substr(7);
  if (options.url.starts_with("postgresql://") || options.url.starts_with("postgres://")) {
    return fail(Errc::unsupported, "store: PostgreSQL is not offered by this version; use 'store: sqlite'");
  }
  return fail(Errc::unsupported, "store: write 'sqlite' or 'sqlite:PATH'");
}

/// A file of its own: to close a descriptor of the database itself would drop SQLite's locks on it.
Result<base::Fd> lock_beside(const std::string& path) {
  base::Fd lock(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return base::fail_errno("store: cannot open " + path + ".lock");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return fail(Errc::busy, "store: another gateway has " + path + " open");
  return base::fail_errno("store: cannot lock " + path);
}

constexpr int kSynchronousFull = 2;

Errc code_of(int sqlite_result) {
  switch (sqlite_result & 0xff) {
    case SQLITE_FULL:
      return Errc::full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::corrupt;
    case SQLITE_CONSTRAINT:
      return Errc::exists;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Errc::io;
    default:
      return Errc::internal;
  }
}

const char* explanation(Errc code) {
  switch (code) {
    case Errc::full:
      return "the disk is full";
    case Errc::busy:
      return "another process holds the database";
    case Errc::corrupt:
      return "the database file is damaged; restore it from a backup";
    case Errc::exists:
      return "such a row is already there";
    case Errc::io:
      return "the database file cannot be read or written";
    default:
      return "the database refused the statement";
  }
}

}  // namespace

base::Error Store::Database::current_error(const char* what) {
  Errc code = Errc::internal;
  std::string number;
  try {
    throw;
  } catch (const soci::sqlite3_soci_error& e) {
    code = code_of(e.result());
    number = " (" + std::to_string(e.result()) + ")";
  } catch (const std::bad_alloc&) {
    code = Errc::full;
  } catch (const std::exception&) {
    code = Errc::internal;
  }
  return {code, std::string("store: ") + what + ": " + explanation(code) + number};
}

Result<std::unique_ptr<Store::Database>> Store::Database::open(const Options& options) {
  Result<std::string> path = database_path(options);
  if (!path) return pass(path);
  if (path->empty() || path->find_first_of("\"\\\n") != std::string::npos) {
    return fail(Errc::invalid, "store: the database path must not hold quotes, backslashes or line ends");
  }
  // Created by us, so that its mode is ours; the -wal and -shm files take their mode from it.
  const base::Fd file(::open(path->c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return base::fail_errno("store: cannot open " + *path);
  Result<base::Fd> lock = lock_beside(*path);
  if (!lock) return pass(lock);
  auto database = std::make_unique<Database>();
  Database& d = *database;
  d.lock_ = std::move(*lock);
  if (Status connected = d.connect(*path); !connected) return pass(connected);
  if (Status migrated = migrate(d); !migrated) return pass(migrated);
  return database;
}

Result<std::unique_ptr<Store::Database>> Store::Database::open_reader(const Options& options) {
  Result<std::string> path = database_path(options);
  if (!path) return pass(path);
  auto database = std::make_unique<Database>();
  if (Status connected = database->connect(*path); !connected) return pass(connected);
  try {
    database->sql_ << "PRAGMA query_only=ON";
  } catch (...) {
    const base::Error error = current_error("open");
    return fail(error.code, error.message + ": " + *path);
  }
  return database;
}

Status Store::Database::connect(const std::string& path) {
  try {
    sql_.open(soci::sqlite3, "dbname=\"" + path + "\" timeout=5");
    std::string journal;
    sql_ << "PRAGMA journal_mode=WAL", soci::into(journal);
    sql_ << "PRAGMA synchronous=FULL";
    int synchronous = 0;
    sql_ << "PRAGMA synchronous", soci::into(synchronous);
    // Whoever waits for a commit counts on it: SQLite keeps its own mind where it cannot do as it is told.
    if (journal != "wal" || synchronous != kSynchronousFull) {
      return fail(Errc::unsupported, "store: " + path + ": the file system does not let the database write ahead");
    }
    sql_ << "PRAGMA foreign_keys=ON";
    sql_ << "PRAGMA trusted_schema=OFF";
    sql_ << "PRAGMA secure_delete=ON";  // a replaced password hash must not linger in a free page
  } catch (...) {
    const base::Error error = current_error("open");
    return fail(error.code, error.message + ": " + path);
  }
  return {};
}

void Store::Database::set_durability(Durability durability) {
  if (durability == durability_) return;
  sql_ << (durability == Durability::power_loss ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  durability_ = durability;
}

void Store::Database::roll_back() {
  try {
    sql_ << "ROLLBACK";
  } catch (const std::exception&) {
    // SQLite has already rolled back by itself, as it does when the disk is full.
  }
}

Status Store::Database::transact(const char* what, Durability durability, const std::function<Status()>& work) {
  const std::lock_guard lock(mutex_);
  if (depth_ > 0) {
    ++depth_;
    Status done;
    try {
      done = work();
    } catch (...) {
      const base::Error error = current_error(what);
      done = fail(error.code, error.message);
      poisoned_ = true;
    }
    --depth_;
    return done;
  }
  try {
    set_durability(durability);
    // Immediate: a transaction that reads and then writes must not lose its turn in between.
    sql_ << "BEGIN IMMEDIATE";
  } catch (...) {
    const base::Error error = current_error(what);
    return fail(error.code, error.message);
  }
  depth_ = 1;
  poisoned_ = false;
  Outcome outcome = Outcome::undone;
  Status done;
  try {
    done = work();
    if (done && poisoned_) done = fail(Errc::internal, std::string("store: ") + what + ": a statement in it failed");
    if (done) {
      outcome = Outcome::unknown;
      sql_ << "COMMIT";
      outcome = Outcome::committed;
    }
  } catch (...) {
    const base::Error error = current_error(what);
    done = fail(error.code, error.message);
  }
  depth_ = 0;
  if (!done) roll_back();
  for (const auto& told : std::exchange(waiting_, {})) told(outcome);
  return done;
}

void Store::Database::when_ended(std::function<void(Outcome)> told) {
  const std::lock_guard lock(mutex_);
  assert(depth_ > 0);
  waiting_.push_back(std::move(told));
}

std::string Query::place() {
  return ":p" + std::to_string(++places_);
}

void Query::bind(const std::string& more, const std::string& value) {
  const std::size_t mark = more.find('?');
  assert(mark != std::string::npos);
  text_ += more.substr(0, mark) + place() + more.substr(mark + 1);
  strings_.push_back(value);
  statement_.exchange(soci::use(strings_.back()));
}

void Query::bind(const std::string& more, std::int64_t value) {
  const std::size_t mark = more.find('?');
  assert(mark != std::string::npos);
  text_ += more.substr(0, mark) + place() + more.substr(mark + 1);
  integers_.push_back(value);
  statement_.exchange(soci::use(integers_.back()));
}

void Query::run() {
  statement_.alloc();
  statement_.prepare(text_);
  statement_.define_and_bind();
  statement_.execute();
}

Status check_text(std::initializer_list<std::string_view> values) {
  const bool good = std::all_of(values.begin(), values.end(), [](std::string_view v) {
    return v.find('\0') == std::string_view::npos && base::is_utf8(v);
  });
  if (!good) return fail(Errc::invalid, "store: text with a NUL, or that is no UTF-8, cannot be kept");
  return {};
}

}  // namespace sallyport::store
