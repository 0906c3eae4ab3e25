// SPDX-License-Identifier: Apache-2.0
// The connection and how statements run on it: turns, transactions that are tried again, and the one place where SOCI's
// exceptions become errors of ours, without their text. Only src/store's .cc files include this.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

#include "store/backend.h"
#include "store/store.h"

namespace sallyport::store {

class Store::Database {
 public:
  static base::Result<std::unique_ptr<Database>> open(const Options& options);
  static base::Result<std::unique_ptr<Database>> open_reader(const Options& options);

  /// Runs statements, as one transaction when outside of one. `what` names them in an error. An exception poisons the
  /// enclosing transaction, so that nobody commits half by overlooking an error. May run `work` several times.
  template <class Work>
  auto write(const char* what, Durability durability, Work&& work) -> std::invoke_result_t<Work, soci::session&> {
    std::invoke_result_t<Work, soci::session&> out = base::fail(base::Errc::internal, "");
    const base::Status done = transact(what, durability, [&]() -> base::Status {
      out = work(sql_);
      if (!out) return base::fail(out.error().code, out.error().message);
      return {};
    });
    if (!done) return base::fail(done.error().code, done.error().message);
    return out;
  }

  /// Runs statements that only read. May run `work` several times.
  template <class Work>
  auto read(const char* what, Work&& work) -> std::invoke_result_t<Work, soci::session&> {
    const std::lock_guard lock(mutex_);
    for (int tries = 1;; ++tries) {
      base::Error error;
      if (const base::Status connected = be_connected(what); !connected) {
        error = connected.error();
      } else {
        try {
          return work(sql_);
        } catch (...) {
          error = current_error(what);
        }
      }
      const bool again = depth_ == 0 && again_ != Again::no && tries < kMostReadTries;
      if (!again) return base::fail(error.code, error.message);
    }
  }

  base::Status transact(const char* what, Durability durability, const std::function<base::Status()>& work);

  /// Only inside a transaction.
  void when_ended(std::function<void(Outcome)> told);

  std::recursive_mutex& mutex() { return mutex_; }
  Backend& backend() { return *backend_; }
  const std::string& node() const { return node_; }
  void set_node(std::string node) { node_ = std::move(node); }

 private:
  static constexpr int kMostReadTries = 3;

  static base::Result<std::unique_ptr<Database>> connected(const Options& options, Access access);
  /// In a catch block. Notes whether the same again may succeed.
  base::Error current_error(const char* what);
  base::Status be_connected(const char* what);
  base::Status nested(const char* what, const std::function<base::Status()>& work);
  base::Status attempt(const char* what, Durability durability, const std::function<base::Status()>& work);
  void roll_back();

  std::recursive_mutex mutex_;
  std::unique_ptr<Backend> backend_;
  std::string node_;
  Access access_ = Access::read_write;
  soci::session sql_;  // closed before what its backend keeps
  bool connected_ = false;
  std::int64_t not_before_us_ = 0;  // when a server that did not answer is asked again
  int depth_ = 0;
  std::vector<std::function<void(Outcome)>> waiting_;
  bool poisoned_ = false;
  Again again_ = Again::no;  // of what failed last
};

/// Brings the schema up to date; the store becomes the node's. Errors: unsupported (a newer schema, or another node's
/// store).
base::Status migrate(Store::Database& database, const Options& options);

/// A statement whose conditions depend on what is asked. Holds the bound values; into() targets are the caller's.
class Query {
 public:
  explicit Query(soci::session& sql, std::string text) : statement_(sql), text_(std::move(text)) {}
  void text(const std::string& more) { text_ += more; }
  /// Appends the text, with a placeholder for the value where it holds '?'. A text that no database can keep equals
  /// nothing: no row is found.
  void bind(const std::string& more, const std::string& value);
  void bind(const std::string& more, std::int64_t value);
  template <class T>
  void into(T& out) {
    statement_.exchange(soci::into(out));
  }
  /// Runs it; fetch() then fills the into() targets, row by row.
  void run();
  bool fetch() { return !nothing_ && statement_.fetch(); }
  /// Runs what changes rows, and says how many.
  std::int64_t change();

 private:
  std::string place();
  void prepare();

  soci::statement statement_;
  std::string text_;
  std::deque<std::string> strings_;
  std::deque<long long> integers_;
  int places_ = 0;
  bool nothing_ = false;
};

/// Refuses what PostgreSQL would cut or reject, so that both databases keep the same: NUL, and what is no UTF-8.
base::Status check_text(std::initializer_list<std::string_view> values);

}  // namespace sallyport::store
