// SPDX-License-Identifier: Apache-2.0
// The stricter of two policies. Pure.
#include "policy/grant_sum.h"

namespace sallyport::policy {

namespace {

template <class T>
void keep_smaller(std::optional<T>& so_far, const std::optional<T>& other) {
  if (other && (!so_far || *other < *so_far)) so_far = other;
}

template <class T>
void keep_larger(std::optional<T>& so_far, const std::optional<T>& other) {
  if (other && (!so_far || *other > *so_far)) so_far = other;
}

void keep_true(std::optional<bool>& so_far, const std::optional<bool>& other) {
  if (other) so_far = so_far.value_or(false) || *other;
}

}  // namespace

void GrantSum::add(const Policy& policy, Part part) {
  names_.push_back(policy.name);
  if (part == Part::all) allow_.add(policy.allow);
  deny_.add(policy.deny);
  if (!policy.deny.empty()) denying_.emplace_back(policy.name, policy.deny);
  requirements_.add(policy.require);
  keep_larger(record_.bulk_after_bytes, policy.record.bulk_after_bytes);  // more of the stream in the record
  keep_true(record_.bulk_hash, policy.record.bulk_hash);
  keep_true(record_.strict, policy.record.strict);
  keep_smaller(limits_.idle_seconds, policy.limits.idle_seconds);
  keep_smaller(limits_.input_idle_seconds, policy.limits.input_idle_seconds);
  keep_smaller(limits_.duration_seconds, policy.limits.duration_seconds);
  keep_smaller(limits_.sessions_per_user, policy.limits.sessions_per_user);
  keep_smaller(limits_.sessions_per_target, policy.limits.sessions_per_target);
  keep_smaller(limits_.sessions_per_account, policy.limits.sessions_per_account);
  limits_.exclusive = limits_.exclusive || policy.limits.exclusive;
}

std::vector<std::string> GrantSum::denying(std::optional<Permission> one) const {
  std::vector<std::string> out;
  for (const auto& [name, denied] : denying_) {
    if (!one || denied.has(*one)) out.push_back(name);
  }
  return out;
}

Grant GrantSum::grant() const {
  Grant out;
  out.permissions = allow_;
  out.permissions.remove(deny_);
  out.requirements = requirements_;
  const RecordSettings defaults;
  out.record.bulk_after_bytes = record_.bulk_after_bytes.value_or(defaults.bulk_after_bytes);
  out.record.bulk_hash = record_.bulk_hash.value_or(defaults.bulk_hash);
  out.record.strict = record_.strict.value_or(defaults.strict);
  out.limits.idle_seconds = limits_.idle_seconds.value_or(0);
  out.limits.input_idle_seconds = limits_.input_idle_seconds.value_or(0);
  out.limits.duration_seconds = limits_.duration_seconds.value_or(0);
  out.limits.sessions_per_user = limits_.sessions_per_user.value_or(0);
  out.limits.sessions_per_target = limits_.sessions_per_target.value_or(0);
  out.limits.sessions_per_account = limits_.sessions_per_account.value_or(0);
  out.limits.exclusive = limits_.exclusive;
  out.policies = names_;
  return out;
}

}  // namespace sallyport::policy
