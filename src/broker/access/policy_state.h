// SPDX-License-Identifier: Apache-2.0
// The resources as decisions need them: one immutable snapshot, replaced whole when something changes. Trusted side.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "broker/access/user_authorities.h"
#include "identity/authorized_keys.h"
#include "policy/decide.h"
#include "store/store.h"

namespace sallyport::broker {

/// Immutable. Users' keys are parsed here, once: parsing at login would tell by its time who exists.
struct PolicyState {
  std::int64_t revision = 0;  ///< of the store's resources: what is here is at least as new
  policy::Snapshot resources;
  std::map<std::string, identity::AuthorizedKeys, std::less<>> keys;
  std::map<std::string, store::Incarnation, std::less<>> incarnations;  ///< of users
  std::set<std::string, std::less<>> enrolled;                          ///< users who have a second factor
  UserAuthorities authorities;                                          ///< of users' certificates
  identity::AuthorizedKeys no_keys = identity::AuthorizedKeys::none();

  const identity::AuthorizedKeys& keys_of(std::string_view user) const;
  /// Whether there is such a user, not locked out.
  bool may_log_in(std::string_view user) const { return incarnation_of(user).has_value(); }
  /// What a proof of this user is bound to while it is given; nullopt for whoever may not log in. Of an outsider too,
  /// once the sponsor is barred or another.
  std::optional<store::Incarnation> incarnation_of(std::string_view user) const;
  /// Whether the user is a program, which is asked nothing.
  bool is_service(std::string_view user) const;
  /// Whether the user is from outside, here for as long as an invitation says.
  bool is_outsider(std::string_view user) const { return resources.outsiders.contains(user); }
  /// Whether the user is an outsider whose invitation is over, by the clock of the day.
  bool is_over(std::string_view user, base::Micros now_us) const;
  /// Whether the user is asked for a one-time code.
  bool is_enrolled(std::string_view user) const { return enrolled.contains(user) && !is_service(user); }
  /// Whether what was proved under this incarnation still counts: the user may log in, is the same, and nothing that
  /// proves a user was taken away or replaced since.
  bool counts(std::string_view user, const store::Incarnation& proved) const;
  /// The weaker question, for what is already open: the user may log in and is still the same.
  bool is_same(std::string_view user, const store::Incarnation& proved) const;
};

/// The state in force. Any thread may call.
class PolicySource {
 public:
  virtual ~PolicySource() = default;
  virtual std::shared_ptr<const PolicyState> current() const = 0;
};

/// Any thread may call.
class PolicyHolder final : public PolicySource {
 public:
  std::shared_ptr<const PolicyState> current() const override;
  /// Reads every resource from the store: blocks. An error leaves the old state in force.
  base::Status reload(store::Store& store);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const PolicyState> state_ = std::make_shared<PolicyState>();
};

}  // namespace sallyport::broker
