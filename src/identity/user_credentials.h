// SPDX-License-Identifier: Apache-2.0
// What proves a user, against the store: her password's hash. Trusted side; blocks (see password.h).
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "identity/password.h"
#include "store/store.h"

namespace sallyport::identity {

/// Sets or replaces. hash: of Passwords::hash(). Whether the user exists is the caller's to check, in the same
/// transaction: what is stored for a user who has been deleted is the next one's of that name. Errors: the store's.
base::Status set_password(store::Store& store, std::string_view user, std::string hash, base::Micros now_us);

/// Removes a user's password, if any.
base::Status remove_password(store::Store& store, std::string_view user);

/// Whether a user has one.
base::Result<bool> has_password(store::Store& store, std::string_view user);

enum class UserState { enabled, refused };  ///< refused: unknown or disabled; checked against nothing, in the same time

/// Ok when the password is right and the state is enabled; renews the hash when its cost is not today's. Errors: denied
/// for every wrong answer alike; those of the store.
base::Status check_password(store::Store& store, const Passwords& passwords, std::string_view user, UserState state,
                            base::ByteView password, base::Micros now_us);

}  // namespace sallyport::identity
