// SPDX-License-Identifier: Apache-2.0
// Keeping the resources, and beside them what finds them.
#include "policy/snapshot.h"

#include <cassert>

namespace sallyport::policy {

namespace {

template <class Map>
const typename Map::mapped_type* find(const Map& map, std::string_view name) {
  const auto it = map.find(name);
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

const User* Snapshot::user(std::string_view name) const {
  return find(users, name);
}
const Target* Snapshot::target(std::string_view name) const {
  return find(targets, name);
}
const Account* Snapshot::account(std::string_view name) const {
  return find(accounts, name);
}

const Policy& Snapshot::indexed_policy(std::string_view name) const {
  const Policy* found = find(policies, name);
  assert(found != nullptr);
  return *found;
}

void Snapshot::put_user(User user) {
  if (const User* before = this->user(user.name); before != nullptr) emails.erase(before->email);
  if (!user.email.empty()) {
    const auto [entry, added] = emails.emplace(user.email, user.name);
    if (!added) entry->second.clear();
  }
  if (user.outsider) {
    outsiders.insert(user.name);
  } else {
    outsiders.erase(user.name);
  }
  std::string name = user.name;
  users.insert_or_assign(std::move(name), std::move(user));
}

std::string Snapshot::user_name(const std::string& login) const {
  const auto found = emails.find(login);
  return found == emails.end() ? login : found->second;
}

void Snapshot::put_group(Group group) {
  if (const auto before = groups.find(group.name); before != groups.end()) {
    for (const std::string& member : before->second.members) memberships[member].erase(group.name);
  }
  for (const std::string& member : group.members) memberships[member].insert(group.name);
  std::string name = group.name;
  groups.insert_or_assign(std::move(name), std::move(group));
}

void Snapshot::put_policy(Policy policy) {
  drop_policy(policy.name);
  index.add(policy);
  std::string name = policy.name;
  policies.insert_or_assign(std::move(name), std::move(policy));
}

void Snapshot::drop_policy(std::string_view name) {
  const auto found = policies.find(name);
  if (found == policies.end()) return;
  index.remove(found->second);
  policies.erase(found);
}

void Snapshot::put(Resource resource) {
  const auto into = [](auto& map, auto&& value) {
    std::string name = value.name;
    map.insert_or_assign(std::move(name), std::forward<decltype(value)>(value));
  };
  switch (kind_of(resource)) {
    case Kind::user:
      return put_user(std::get<User>(std::move(resource)));
    case Kind::group:
      return put_group(std::get<Group>(std::move(resource)));
    case Kind::role:
      return into(roles, std::get<RoleBinding>(std::move(resource)));
    case Kind::target:
      return into(targets, std::get<Target>(std::move(resource)));
    case Kind::account:
      return into(accounts, std::get<Account>(std::move(resource)));
    case Kind::policy:
      return put_policy(std::get<Policy>(std::move(resource)));
    case Kind::recipient:
      return into(recipients, std::get<Recipient>(std::move(resource)));
    case Kind::user_ca:
      return into(user_cas, std::get<UserCa>(std::move(resource)));
  }
}

}  // namespace sallyport::policy
