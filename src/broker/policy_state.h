// SPDX-License-Identifier: Apache-2.0
// The resources as decisions need them: one immutable snapshot, replaced whole when something changes. Trusted side.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "identity/authorized_keys.h"
#include "policy/decide.h"
#include "store/store.h"

namespace sallyport::broker {

/// Immutable. Users' keys are parsed here, once: parsing at login would tell by its time who exists.
struct PolicyState {
  policy::Snapshot resources;
  std::map<std::string, identity::AuthorizedKeys, std::less<>> keys;
  identity::AuthorizedKeys no_keys = identity::AuthorizedKeys::none();

  const identity::AuthorizedKeys& keys_of(std::string_view user) const;
  /// Whether there is such a user, and she is not locked out.
  bool may_log_in(std::string_view user) const;
};

/// Any thread may call.
class PolicyHolder {
 public:
  std::shared_ptr<const PolicyState> current() const;
  /// Reads every resource from the store: blocks. An error leaves the old state in force.
  base::Status reload(store::Store& store);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const PolicyState> state_ = std::make_shared<PolicyState>();
};

}  // namespace sallyport::broker
