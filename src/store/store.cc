// SPDX-License-Identifier: Apache-2.0
// Opening, transactions and settings. The other statements stand in files of their own, by table.
#include "store/store.h"

#include "store/database.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const Options& options) {
  Result<std::unique_ptr<Database>> database = Database::open(options);
  if (!database) return pass(database);
  return std::unique_ptr<Store>(new Store(std::move(*database)));
}

Result<std::unique_ptr<Store>> Store::open_reader(const Options& options) {
  Result<std::unique_ptr<Database>> database = Database::open_reader(options);
  if (!database) return pass(database);
  return std::unique_ptr<Store>(new Store(std::move(*database)));
}

Status Store::transaction(const std::function<Status()>& work) {
  return database_->transact("transaction", Durability::power_loss, work);
}

const std::string& Store::node() const {
  return database_->node();
}

bool Store::shared() const {
  return database_->backend().shared();
}

void Store::when_ended(std::function<void(Outcome)> told) {
  database_->when_ended(std::move(told));
}

Store::Turn Store::hold() {
  return Turn(database_->mutex());
}

Status Store::put_setting(std::string_view key, std::string_view value) {
  if (Status good = check_text({key, value}); !good) return good;
  const std::string name(key);
  const std::string text(value);
  return database_->write("put setting", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO settings (name, value) VALUES (:name, :value)"
           " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        soci::use(name), soci::use(text);
    return {};
  });
}

Result<std::string> Store::get_setting(std::string_view key) {
  const std::string name(key);
  return database_->read("get setting", [&](soci::session& sql) -> Result<std::string> {
    std::string value;
    sql << "SELECT value FROM settings WHERE name = :name", soci::use(name), soci::into(value);
    if (!sql.got_data()) return fail(Errc::not_found, "there is no setting " + name);
    return value;
  });
}

}  // namespace sallyport::store
