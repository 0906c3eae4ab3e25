// SPDX-License-Identifier: Apache-2.0
// SQLite: one file, one gateway, and a commit that is on the disk when it returns.
#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <cerrno>

#include "base/fd.h"
#include "store/backend.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr int kSynchronousFull = 2;

/// A file of its own: to close a descriptor of the database itself would drop SQLite's locks on it.
Result<base::Fd> lock_beside(const std::string& path) {
  base::Fd lock(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return base::fail_errno("store: cannot open " + path + ".lock");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return fail(Errc::busy, "store: another gateway has " + path + " open");
  return base::fail_errno("store: cannot lock " + path);
}

Errc code_of(int result) {
  switch (result & 0xff) {
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

class SqliteBackend final : public Backend {
 public:
  explicit SqliteBackend(std::string path) : path_(std::move(path)) {}

  Status connect(soci::session& sql, Access access) override {
    if (access == Access::read_write) {
      if (Status locked = make_and_lock(); !locked) return locked;
    }
    try {
      return set_up(sql, access);
    } catch (const std::exception& e) {
      const Fault found = fault(e);
      return fail(found.code, std::string("store: open: ") + explanation(found.code) + found.number + ": " + path_);
    }
  }

  bool alive(soci::session&) const override { return true; }

  void begin(soci::session& sql, Durability durability) override {
    if (durability != durability_) {
      sql << (durability == Durability::power_loss ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
      durability_ = durability;
    }
    // Immediate: a transaction that reads and then writes must not lose its turn in between.
    sql << "BEGIN IMMEDIATE";
  }

  Fault fault(const std::exception& e) const override {
    const auto* known = dynamic_cast<const soci::sqlite3_soci_error*>(&e);
    if (known == nullptr) return {};
    return {code_of(known->result()), " (" + std::to_string(known->result()) + ")"};
  }

  const char* explanation(Errc code) const override {
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

  std::string schema(const std::string& statement) const override { return statement; }
  bool shared() const override { return false; }

 private:
  Status make_and_lock() {
    // Created by us, so that its mode is ours; the -wal and -shm files take their mode from it.
    const base::Fd file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return base::fail_errno("store: cannot open " + path_);
    Result<base::Fd> lock = lock_beside(path_);
    if (!lock) return pass(lock);
    lock_ = std::move(*lock);
    return {};
  }

  Status set_up(soci::session& sql, Access access) {
    sql.open(soci::sqlite3, "dbname=\"" + path_ + "\" timeout=5");
    std::string journal;
    sql << "PRAGMA journal_mode=WAL", soci::into(journal);
    sql << "PRAGMA synchronous=FULL";
    int synchronous = 0;
    sql << "PRAGMA synchronous", soci::into(synchronous);
    // The broker counts on a commit being on the disk; SQLite says nothing where it cannot do as it is told.
    if (journal != "wal" || synchronous != kSynchronousFull) {
      return fail(Errc::unsupported, "store: " + path_ + ": the file system does not let the database write ahead");
    }
    sql << "PRAGMA foreign_keys=ON";
    sql << "PRAGMA trusted_schema=OFF";
    sql << "PRAGMA secure_delete=ON";  // a replaced password hash must not linger in a free page
    if (access == Access::read_only) sql << "PRAGMA query_only=ON";
    return {};
  }

  const std::string path_;
  base::Fd lock_;
  Durability durability_ = Durability::power_loss;
};

}  // namespace

std::unique_ptr<Backend> make_sqlite_backend(std::string path) {
  return std::make_unique<SqliteBackend>(std::move(path));
}

}  // namespace sallyport::store
