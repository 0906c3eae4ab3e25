// SPDX-License-Identifier: Apache-2.0
// What proves a user, against the store: a password hash. Trusted side; blocks, each on its
// own: the store, or the processor (see password.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "identity/password.h"
#include "store/store.h"

namespace sallyport::identity {

/// Sets or replaces; with a replaced one, what it proved counts no more (the user's row has another incarnation). hash:
/// of Passwords::hash(). Whether the user exists is the caller's to check, in the same transaction: what is stored for
/// a user who has been deleted is the next one's of that name. Errors: the store's.
base::Status set_password(store::Store& store, std::string_view user, std::string hash, base::Micros now_us);

/// Removes a user's password, if any, and what it proved counts no more.
base::Status remove_password(store::Store& store, std::string_view user);

/// What a user's password is held against; nullopt when the user has none. Errors: the store's.
base::Result<std::optional<std::string>> password_hash(store::Store& store, std::string_view user);

enum class UserState { enabled, refused };  ///< refused: unknown or disabled; checked against nothing, in the same time

struct PasswordCheck {
  bool right = false;
  std::string renewed;  ///< not empty: hash again under today's cost, for renew_password()
};

/// Hashes, and does not touch the store. Takes the same time for every wrong answer.
PasswordCheck check_password(const Passwords& passwords, const std::optional<std::string>& hash, UserState state,
                             base::ByteView password);

/// Puts renewed in the place of the hash that was checked, if it still stands there: it may have been replaced, or
/// removed with its user. Errors: the store's.
base::Status renew_password(store::Store& store, std::string_view user, const std::string& checked, std::string renewed,
                            base::Micros now_us);

}  // namespace sallyport::identity
