// SPDX-License-Identifier: Apache-2.0
// A list under a lock.
#include "broker/access/logins.h"

#include <utility>

namespace sallyport::broker {

Logins::Place::Place(Logins& logins, LookAgain look_again) : logins_(logins) {
  const std::lock_guard lock(logins_.mutex_);
  where_ = logins_.inside_.insert(logins_.inside_.end(), std::move(look_again));
}

Logins::Place::~Place() {
  const std::lock_guard lock(logins_.mutex_);
  logins_.inside_.erase(where_);
}

void Logins::all_look_again() {
  const std::lock_guard lock(mutex_);
  for (const LookAgain& look_again : inside_) look_again();
}

}  // namespace sallyport::broker
