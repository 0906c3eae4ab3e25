// SPDX-License-Identifier: Apache-2.0
// What verbs that change resources, passwords or secrets share: why, and what is said when the change waits for a
// second administrator. Trusted side.
#pragma once

#include <string>

#include "cli/command.h"

namespace sallyport::cli {

struct ChangeWish {
  std::string reason;
  std::string emergency;
};

/// The options of such a verb.
void add_wish_options(Command& verb, ChangeWish& wish);

/// Into a message that has both fields.
template <class Message>
void put_wish(const ChangeWish& wish, Message& message) {
  message.set_reason(wish.reason);
  message.set_emergency(wish.emergency);
}

/// Exit status of a command whose change waits: nothing has changed yet.
inline constexpr int kWaits = 3;

/// Whether the gateway keeps the change until somebody else approves it, by the end of its answer. Then, and where an
/// emergency is to be reviewed, says so on standard error.
bool tell_of_waiting(const std::string& done);

}  // namespace sallyport::cli
