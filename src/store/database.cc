// SPDX-License-Identifier: Apache-2.0
// The connection: opening, transactions, errors.
#include "store/database.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <thread>

#include "base/escape.h"
#include "store/postgresql_url.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr int kMostTries = 40;                        // of a transaction that others get in the way of
constexpr std::int64_t kReconnectPeriodUs = 300'000;  // a server that is away must not cost every caller a wait

std::int64_t monotonic_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

/// A node's name stands in statements of the schema.
bool is_node_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
}

Result<std::unique_ptr<Backend>> backend_of(const Options& options) {
  if (!is_node_name(options.node)) return fail(Errc::invalid, "store: this is no node's name");
  if (is_postgresql(options.url)) return make_postgresql_backend(options.url, options.node);
  std::string path;
  if (options.url == "sqlite") {
    path = options.data_dir + "/sallyport.db";
  } else if (options.url.starts_with("sqlite:")) {
    path = options.url.substr(7);
  } else {
    return fail(Errc::unsupported, "store: write 'sqlite', 'sqlite:PATH' or 'postgresql://…'");
  }
  if (path.empty() || path.find_first_of("\"\\\n") != std::string::npos) {
    return fail(Errc::invalid, "store: the database path must not hold quotes, backslashes or line ends");
  }
  return make_sqlite_backend(std::move(path));
}

/// Longer each time, and never the same for two: who lost to each other must not meet again.
void pause(int tries) {
  const std::int64_t most_us = std::int64_t{500} << std::min(tries, 6);
  std::this_thread::sleep_for(std::chrono::microseconds(most_us / 2 + monotonic_us() % (most_us / 2)));
}

}  // namespace

base::Error Store::Database::current_error(const char* what) {
  Fault found;
  try {
    throw;
  } catch (const std::bad_alloc&) {
    found.code = Errc::full;
  } catch (const std::exception& e) {
    found = backend_->fault(e);
  } catch (...) {
    found.code = Errc::internal;
  }
  if (!backend_->alive(sql_)) found = {Errc::closed, found.number, Again::lost};
  if (found.again == Again::lost) connected_ = false;
  // What fails in a transaction after its first failure, fails because of that.
  if (!poisoned_ || depth_ == 0) again_ = found.again;
  poisoned_ = poisoned_ || depth_ > 0;
  return {found.code, std::string("store: ") + what + ": " + backend_->explanation(found.code) + found.number};
}

Result<std::unique_ptr<Store::Database>> Store::Database::connected(const Options& options, Access access) {
  Result<std::unique_ptr<Backend>> backend = backend_of(options);
  if (!backend) return pass(backend);
  auto database = std::make_unique<Database>();
  Database& d = *database;
  d.backend_ = std::move(*backend);
  d.node_ = options.node;
  d.access_ = access;
  if (Status done = d.backend_->connect(d.sql_, access); !done) return pass(done);
  d.connected_ = true;
  return database;
}

Result<std::unique_ptr<Store::Database>> Store::Database::open(const Options& options) {
  Result<std::unique_ptr<Database>> database = connected(options, Access::read_write);
  if (!database) return database;
  if (Status migrated = migrate(**database, options); !migrated) return pass(migrated);
  return database;
}

Result<std::unique_ptr<Store::Database>> Store::Database::open_reader(const Options& options) {
  return connected(options, Access::read_only);
}

/// A connection that was lost is made again; inside a transaction it stays lost.
Status Store::Database::be_connected(const char* what) {
  if (connected_) return {};
  const std::string text = std::string("store: ") + what + ": " + backend_->explanation(Errc::closed);
  if (depth_ > 0) return fail(Errc::closed, text);
  again_ = Again::no;
  if (monotonic_us() < not_before_us_) return fail(Errc::closed, text);
  try {
    sql_.close();
    if (Status done = backend_->connect(sql_, access_); done) {
      connected_ = true;
      return {};
    }
  } catch (const std::exception&) {
    // As good as no answer.
  }
  not_before_us_ = monotonic_us() + kReconnectPeriodUs;
  return fail(Errc::closed, text);
}

void Store::Database::roll_back() {
  if (!connected_) return;
  try {
    sql_ << "ROLLBACK";
  } catch (const std::exception&) {
    // SQLite has already rolled back by itself, as it does when the disk is full; a lost connection has, too.
    if (!backend_->alive(sql_)) connected_ = false;
  }
}

Status Store::Database::transact(const char* what, Durability durability, const std::function<Status()>& work) {
  const std::lock_guard lock(mutex_);
  if (depth_ > 0) return nested(what, work);
  int lost = 0;
  for (int tries = 1;; ++tries) {
    Status done = attempt(what, durability, work);
    if (done || again_ == Again::no || tries == kMostTries) return done;
    if (again_ == Again::lost && ++lost > 1) return done;
    if (again_ == Again::contended) pause(tries);
  }
}

Status Store::Database::nested(const char* what, const std::function<Status()>& work) {
  ++depth_;
  Status done;
  try {
    done = work();
  } catch (...) {
    const base::Error error = current_error(what);
    done = fail(error.code, error.message);
  }
  --depth_;
  return done;
}

Status Store::Database::attempt(const char* what, Durability durability, const std::function<Status()>& work) {
  again_ = Again::no;
  if (Status connected = be_connected(what); !connected) return connected;
  try {
    backend_->begin(sql_, durability);
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
    // A server that lives to say so has committed nothing. What it did before it went, nobody can say: not again.
    const bool told = backend_->shared() && again_ != Again::lost;
    if (outcome == Outcome::unknown && told) outcome = Outcome::undone;
    if (outcome == Outcome::unknown) again_ = Again::no;
  }
  depth_ = 0;
  if (!done) roll_back();
  poisoned_ = false;
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
  nothing_ = nothing_ || !check_text({value});
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

void Query::prepare() {
  statement_.alloc();
  statement_.prepare(text_, soci::details::st_one_time_query);  // one exchange with the server, not three
  statement_.define_and_bind();
}

void Query::run() {
  if (nothing_) return;
  prepare();
  statement_.execute();
}

std::int64_t Query::change() {
  if (nothing_) return 0;
  prepare();
  statement_.execute(true);
  return statement_.get_affected_rows();
}

Status check_text(std::initializer_list<std::string_view> values) {
  const bool good = std::all_of(values.begin(), values.end(), [](std::string_view v) {
    return v.find('\0') == std::string_view::npos && base::is_utf8(v);
  });
  if (!good) return fail(Errc::invalid, "store: text with a NUL, or that is no UTF-8, cannot be kept");
  return {};
}

}  // namespace sallyport::store
