// SPDX-License-Identifier: Apache-2.0
// Every resource as of one moment, as decisions look at them. Trusted side, pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "policy/policy_index.h"
#include "policy/resource.h"
#include "policy/when.h"

namespace sallyport::policy {

/// Every resource as of one moment, by name. Immutable once shared: a change makes a new snapshot.
struct Snapshot {
  std::map<std::string, User, std::less<>> users;
  std::map<std::string, Group, std::less<>> groups;
  std::map<std::string, RoleBinding, std::less<>> roles;
  std::map<std::string, Target, std::less<>> targets;
  std::map<std::string, Account, std::less<>> accounts;
  std::map<std::string, Policy, std::less<>> policies;
  std::map<std::string, Recipient, std::less<>> recipients;
  std::map<std::string, UserCa, std::less<>> user_cas;
  Zones zones;  ///< that policies name; whoever makes the snapshot reads them
  // What put() keeps beside them.
  std::map<std::string, std::string, std::less<>> emails;                 ///< of users, to their names
  std::map<std::string, std::set<std::string>, std::less<>> memberships;  ///< of users in what `groups` list
  std::set<std::string, std::less<>> outsiders;                           ///< names of users who are
  PolicyIndex index;                                                      ///< of policies

  /// Adds or replaces. An e-mail address that two users claim is nobody's: their names become empty.
  void put(Resource resource);
  /// Takes a policy out; none of that name is no error.
  void drop_policy(std::string_view name);
  /// The name behind what somebody logs in as: a name as it is, an e-mail address's user, or what was given where
  /// nobody has that address. No user is found by the last.
  std::string user_name(const std::string& login) const;
  const User* user(std::string_view name) const;
  const Target* target(std::string_view name) const;
  const Account* account(std::string_view name) const;
  /// One that the index has named: whoever changes `policies` past put() and drop_policy() breaks it.
  const Policy& indexed_policy(std::string_view name) const;

 private:
  void put_user(User user);
  void put_group(Group group);
  void put_policy(Policy policy);
};

}  // namespace sallyport::policy
