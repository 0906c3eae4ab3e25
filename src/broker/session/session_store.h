// SPDX-License-Identifier: Apache-2.0
// What the store holds of one session: its row, with the audit events that stand or fall with it. Trusted side, on a
// session loop: none of it blocks.
#pragma once

#include <functional>

#include "audit/log.h"
#include "base/result.h"
#include "broker/record/stored_end.h"
#include "broker/session/account_secret.h"
#include "policy/resource.h"
#include "store/rows.h"

namespace sallyport::broker {

class SessionStore {
 public:
  virtual ~SessionStore() = default;

  /// Writes the event and the row, and then fetches the account's secret. done: once, on the loop, when both are
  /// durable. Errors: closed (the database does not answer); what the store and the vault say.
  virtual void begin(audit::Event start, store::SessionRow row, const policy::Account& account,
                     std::function<void(base::Result<AccountSecret>)> done) = 0;
  /// Writes the event, and what the row says from now on. What cannot be written or sealed now is tried again later.
  virtual void end(audit::Event event, StoredEnd end) = 0;
  /// The list of live sessions keeps the session until all that was written so far is stored.
  virtual void leave_list() = 0;
};

}  // namespace sallyport::broker
