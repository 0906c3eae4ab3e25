// SPDX-License-Identifier: Apache-2.0
// Loading the snapshot.
#include "broker/access/policy_state.h"

#include "broker/access/zones.h"

namespace sallyport::broker {

const identity::AuthorizedKeys& PolicyState::keys_of(std::string_view user) const {
  const auto found = keys.find(user);
  return found == keys.end() ? no_keys : found->second;
}

std::optional<store::Incarnation> PolicyState::incarnation_of(std::string_view user) const {
  const policy::User* found = resources.user(user);
  if (found == nullptr || found->disabled) return std::nullopt;
  if (found->outsider) {
    const policy::User* sponsor = resources.user(found->outsider->sponsor);
    if (sponsor == nullptr || sponsor->outsider || sponsor->is_service() ||
        !is_same(sponsor->name, {found->outsider->sponsor_life, 0})) {
      return std::nullopt;
    }
  }
  const auto bound = incarnations.find(user);
  return bound == incarnations.end() ? std::nullopt : std::optional(bound->second);
}

bool PolicyState::is_service(std::string_view user) const {
  const policy::User* found = resources.user(user);
  return found != nullptr && found->is_service();
}

bool PolicyState::is_over(std::string_view user, base::Micros now_us) const {
  const policy::User* found = resources.user(user);
  return found != nullptr && found->outsider && now_us >= found->outsider->until_us;
}

bool PolicyState::counts(std::string_view user, const store::Incarnation& proved) const {
  return incarnation_of(user) == proved;
}

bool PolicyState::is_same(std::string_view user, const store::Incarnation& proved) const {
  const auto now = incarnation_of(user);
  return now && now->life == proved.life;
}

std::shared_ptr<const PolicyState> PolicyHolder::current() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

base::Status PolicyHolder::reload(store::Store& store) {
  auto revision = store.resources_revision();
  if (!revision) return base::pass(revision);
  auto rows = store.list_resources();
  if (!rows) return base::pass(rows);
  auto fresh = std::make_shared<PolicyState>();
  fresh->revision = *revision;
  for (const store::ResourceRow& row : *rows) {
    auto resource = policy::parse_resource(row.json);
    if (!resource) return base::fail(base::Errc::corrupt, row.kind + " " + row.name + ": " + resource.message());
    if (policy::kind_of(*resource) == policy::Kind::user) fresh->incarnations.emplace(row.name, row.incarnation);
    fresh->resources.put(std::move(*resource));
  }
  read_zones(fresh->resources);
  auto factors = store.list_factors();
  if (!factors) return base::pass(factors);
  for (const store::FactorRow& row : *factors) fresh->enrolled.insert(row.user);
  for (const auto& [name, user] : fresh->resources.users) {
    auto keys = identity::AuthorizedKeys::parse(user.public_keys);
    if (!keys) return base::fail(base::Errc::corrupt, "user " + name + ": " + keys.message());
    fresh->keys.emplace(name, std::move(*keys));
  }
  auto authorities = UserAuthorities::of(fresh->resources.user_cas);
  if (!authorities) return base::pass(authorities);
  fresh->authorities = std::move(*authorities);
  const std::lock_guard lock(mutex_);
  state_ = std::move(fresh);
  return {};
}

}  // namespace sallyport::broker
