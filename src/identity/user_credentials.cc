// SPDX-License-Identifier: Apache-2.0
// Users' password hashes in the store.
#include "identity/user_credentials.h"

#include <string>

namespace sallyport::identity {

using base::ByteView;
using base::Errc;
using base::Result;
using base::Status;

namespace {

store::CredentialKey key_of(std::string_view user) {
  return {"user", std::string(user), "password-hash"};
}

Status put_hash(store::Store& store, std::string_view user, const std::string& hash, base::Micros now_us) {
  return store.put_credential({key_of(user), 1, hash, now_us});
}

}  // namespace

Status set_password(store::Store& store, std::string_view user, std::string hash, base::Micros now_us) {
  return store.transaction([&]() -> Status {
    auto old = password_hash(store, user);
    if (!old) return base::pass(old);
    if (Status put = put_hash(store, user, hash, now_us); !put) return put;
    return *old ? store.renew_resource("user", user, store::Renewal::proofs) : Status();
  });
}

Status remove_password(store::Store& store, std::string_view user) {
  return store.transaction([&]() -> Status {
    Status removed = store.delete_credential(key_of(user));
    if (!removed) return removed.error().code == Errc::not_found ? Status() : removed;
    return store.renew_resource("user", user, store::Renewal::proofs);
  });
}

Result<std::optional<std::string>> password_hash(store::Store& store, std::string_view user) {
  Result<store::CredentialRow> row = store.get_credential(key_of(user));
  if (row) return std::optional(std::move(row->value));
  if (row.error().code == Errc::not_found) return std::optional<std::string>();
  return pass(row);
}

PasswordCheck check_password(const Passwords& passwords, const std::optional<std::string>& hash, UserState state,
                             ByteView password) {
  const PasswordVerdict verdict = passwords.verify(state == UserState::enabled ? hash : std::nullopt, password);
  PasswordCheck out;
  out.right = verdict != PasswordVerdict::mismatch;
  if (verdict == PasswordVerdict::match_rehash) {
    // A password that was set under older rules is right all the same: it is only not renewed.
    if (Result<std::string> renewed = passwords.hash(password)) out.renewed = std::move(*renewed);
  }
  return out;
}

Status renew_password(store::Store& store, std::string_view user, const std::string& checked, std::string renewed,
                      base::Micros now_us) {
  return store.transaction([&]() -> Status {
    auto now = password_hash(store, user);
    if (!now) return base::pass(now);
    return *now == checked ? put_hash(store, user, renewed, now_us) : Status();
  });
}

}  // namespace sallyport::identity
