// SPDX-License-Identifier: Apache-2.0
// What differs between the databases: how a connection is made, what a transaction begins with, and what an exception
// of SOCI means. Statements are the same in both, and so is what they mean. Only src/store's .cc files include this.
#pragma once

#include <soci/soci.h>

#include <exception>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace sallyport::store {

/// What a commit must survive.
enum class Durability {
  process_death,  ///< kill -9 of anything
  power_loss,     ///< synced before it returns
};

enum class Access { read_write, read_only };

/// Whether the same again may succeed.
enum class Again {
  no,
  contended,  ///< at once: another transaction of the same moment came first
  lost,       ///< over another connection: this one is gone, and what was not committed on it
};

struct Fault {
  base::Errc code = base::Errc::internal;
  std::string number = {};  ///< the database's own code
  Again again = Again::no;
};

class Backend {
 public:
  virtual ~Backend() = default;

  /// Opens the connection and makes it what the store counts on. For writing, it also takes what keeps a second gateway
  /// of this node away. Errors: busy (that other gateway), closed (the server does not answer), unsupported, and those
  /// of the store.
  virtual base::Status connect(soci::session& sql, Access access) = 0;
  /// After an exception: whether the connection is still there.
  virtual bool alive(soci::session& sql) const = 0;
  /// Throws.
  virtual void begin(soci::session& sql, Durability durability) = 0;
  virtual Fault fault(const std::exception& e) const = 0;
  /// What happened, without any value that was bound.
  virtual const char* explanation(base::Errc code) const = 0;
  /// A statement of the schema in this database's words: text compares byte by byte in both.
  virtual std::string schema(const std::string& statement) const = 0;
  /// Around a migration; throws. Nodes that start at the same moment migrate one after the other.
  virtual void lock_schema(soci::session&) {}
  virtual void unlock_schema(soci::session&) {}
  /// Inside a transaction that changes resources: with its commit, other nodes hear of it. Throws.
  virtual void announce(soci::session&) {}
  /// Whether other nodes may be in the same store.
  virtual bool shared() const = 0;
};

std::unique_ptr<Backend> make_sqlite_backend(std::string path);
/// Errors: invalid.
base::Result<std::unique_ptr<Backend>> make_postgresql_backend(const std::string& url, const std::string& node);

}  // namespace sallyport::store
