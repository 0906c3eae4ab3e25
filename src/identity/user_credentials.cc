// SPDX-License-Identifier: Apache-2.0
// Users' password hashes in the store.
#include "identity/user_credentials.h"

#include <string>

namespace sallyport::identity {

using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

store::CredentialKey key_of(std::string_view user) {
  return {"user", std::string(user), "password-hash"};
}

/// In the place of the one that was checked: it may have been replaced, or removed with its user, in the meantime.
Status renew(store::Store& store, std::string_view user, const std::string& checked, std::string hash,
             base::Micros now_us) {
  return store.transaction([&]() -> Status {
    Result<store::CredentialRow> row = store.get_credential(key_of(user));
    if (!row && row.error().code == Errc::not_found) return {};
    if (!row) return pass(row);
    return row->value == checked ? set_password(store, user, std::move(hash), now_us) : Status();
  });
}

}  // namespace

Status set_password(store::Store& store, std::string_view user, std::string hash, base::Micros now_us) {
  return store.put_credential({key_of(user), 1, std::move(hash), now_us});
}

Status remove_password(store::Store& store, std::string_view user) {
  Status removed = store.delete_credential(key_of(user));
  if (!removed && removed.error().code != Errc::not_found) return removed;
  return {};
}

Result<bool> has_password(store::Store& store, std::string_view user) {
  Result<store::CredentialRow> row = store.get_credential(key_of(user));
  if (row) return true;
  if (row.error().code == Errc::not_found) return false;
  return pass(row);
}

Status check_password(store::Store& store, const Passwords& passwords, std::string_view user, UserState state,
                      ByteView password, base::Micros now_us) {
  Result<store::CredentialRow> row = store.get_credential(key_of(user));
  if (!row && row.error().code != Errc::not_found) return pass(row);
  std::optional<std::string> hash;
  if (row && state == UserState::enabled) hash = row->value;
  const PasswordVerdict verdict = passwords.verify(hash, password);
  if (verdict == PasswordVerdict::mismatch) return fail(Errc::denied, "the user name or the password is wrong");
  if (verdict == PasswordVerdict::match_rehash) {
    // A password that was set under older rules is right all the same: it is only not renewed.
    Result<std::string> renewed = passwords.hash(password);
    if (renewed) return renew(store, user, row->value, std::move(*renewed), now_us);
  }
  return {};
}

}  // namespace sallyport::identity
