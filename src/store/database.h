// SPDX-License-Identifier: Apache-2.0
// The connection and how statements run on it: turns, transactions, durability, and the one place where SOCI's
// exceptions become errors of ours, without their text. Only src/store's .cc files include this.
#pragma once

#include <soci/soci.h>

#include <deque>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

#include "base/fd.h"
#include "store/store.h"

namespace sallyport::store {

/// What a commit must survive.
enum class Durability {
  process_death,  ///< kill -9 of anything
  power_loss,     ///< synced before it returns
};

class Store::Database {
 public:
  static base::Result<std::unique_ptr<Database>> open(const Options& options);
  static base::Result<std::unique_ptr<Database>> open_reader(const Options& options);

  /// Runs statements, as one transaction when outside of one. `what` names them in an error. An exception poisons the
  /// enclosing transaction, so that nobody commits half by overlooking an error.
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

  /// Runs statements that only read.
  template <class Work>
  auto read(const char* what, Work&& work) -> std::invoke_result_t<Work, soci::session&> {
    const std::lock_guard lock(mutex_);
    try {
      return work(sql_);
    } catch (...) {
      poisoned_ = poisoned_ || depth_ > 0;
      const base::Error error = current_error(what);
      return base::fail(error.code, error.message);
    }
  }

  base::Status transact(const char* what, Durability durability, const std::function<base::Status()>& work);

  /// Only inside a transaction.
  void when_ended(std::function<void(Outcome)> told);

  std::recursive_mutex& mutex() { return mutex_; }

 private:
  static base::Error current_error(const char* what);
  base::Status connect(const std::string& path);
  void set_durability(Durability durability);
  void roll_back();

  std::recursive_mutex mutex_;
  base::Fd lock_;  // let go of after the connection
  soci::session sql_;
  int depth_ = 0;
  std::vector<std::function<void(Outcome)>> waiting_;
  bool poisoned_ = false;
  Durability durability_ = Durability::power_loss;
};

/// Brings the schema up to date. Errors: unsupported (a newer schema).
base::Status migrate(Store::Database& database);

/// A statement whose conditions depend on what is asked. Holds the bound values; into() targets are the caller's.
class Query {
 public:
  explicit Query(soci::session& sql, std::string text) : statement_(sql), text_(std::move(text)) {}
  void text(const std::string& more) { text_ += more; }
  /// Appends the text, with a placeholder for the value where it holds '?'.
  void bind(const std::string& more, const std::string& value);
  void bind(const std::string& more, std::int64_t value);
  template <class T>
  void into(T& out) {
    statement_.exchange(soci::into(out));
  }
  /// Runs it; fetch() then fills the into() targets, row by row.
  void run();
  bool fetch() { return statement_.fetch(); }

 private:
  std::string place();

  soci::statement statement_;
  std::string text_;
  std::deque<std::string> strings_;
  std::deque<long long> integers_;
  int places_ = 0;
};

/// Refuses what PostgreSQL would cut or reject, so that both databases keep the same: NUL, and what is no UTF-8.
base::Status check_text(std::initializer_list<std::string_view> values);

}  // namespace sallyport::store
