// SPDX-License-Identifier: Apache-2.0
// Counting sessions.
#include "broker/session/seats.h"

namespace sallyport::broker {

namespace {

template <class Map, class Key>
std::int64_t count_of(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

bool is_full(std::int64_t limit, std::int64_t count) {
  return limit != 0 && count >= limit;
}

std::string allowed(std::int64_t limit) {
  return ", and the policy allows " + std::to_string(limit) + " at a time. ";
}

std::string sessions(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " session" : " sessions");
}

template <class Map, class Key>
void one_less(Map& map, const Key& key) {
  const auto found = map.find(key);
  if (--found->second == 0) map.erase(found);
}

}  // namespace

base::Status Seats::check(const State& state, const Who& who, const policy::Limits& limits) {
  const auto refuse = [](std::string text) { return base::fail(base::Errc::full, std::move(text)); };
  const std::string login = "The account '" + who.account + "' on the target '" + who.target + "' is ";
  const auto there = state.logins.find({who.account, who.target});
  if (there != state.logins.end()) {
    if (there->second.exclusive > 0) return refuse(login + "checked out by another session. Try again later.");
    if (limits.exclusive) {
      return refuse(login + "in use, and the policy gives it to one session at a time. Try again later.");
    }
  }
  if (const auto count = count_of(state.users, who.user); is_full(limits.sessions_per_user, count)) {
    return refuse("You have " + sessions(count) + allowed(limits.sessions_per_user) + "End one, then try again.");
  }
  if (const auto count = count_of(state.targets, who.target); is_full(limits.sessions_per_target, count)) {
    return refuse("The target '" + who.target + "' has " + sessions(count) + allowed(limits.sessions_per_target) +
                  "Try again later.");
  }
  if (const auto count = count_of(state.accounts, who.account); is_full(limits.sessions_per_account, count)) {
    return refuse("The account '" + who.account + "' has " + sessions(count) + allowed(limits.sessions_per_account) +
                  "Try again later.");
  }
  return {};
}

base::Result<std::unique_ptr<Seats::Seat>> Seats::take(const Who& who, const policy::Limits& limits) {
  const std::lock_guard lock(state_->mutex);
  if (auto free = check(*state_, who, limits); !free) return base::pass(free);
  ++state_->users[who.user];
  ++state_->targets[who.target];
  ++state_->accounts[who.account];
  Shared& login = state_->logins[{who.account, who.target}];
  ++login.sessions;
  if (limits.exclusive) ++login.exclusive;
  return std::unique_ptr<Seat>(new Seat(state_, who, limits.exclusive ? Seat::Kind::exclusive : Seat::Kind::shared));
}

Seats::Seat::~Seat() {
  const std::lock_guard lock(state_->mutex);
  one_less(state_->users, who_.user);
  one_less(state_->targets, who_.target);
  one_less(state_->accounts, who_.account);
  const auto login = state_->logins.find({who_.account, who_.target});
  if (kind_ == Kind::exclusive) --login->second.exclusive;
  if (--login->second.sessions == 0) state_->logins.erase(login);
}

}  // namespace sallyport::broker
