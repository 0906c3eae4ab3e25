// SPDX-License-Identifier: Apache-2.0
// Rules and watchers.
#include "broker/session/supervision.h"

#include <algorithm>
#include <utility>

namespace sallyport::broker {

void Supervision::demand(const std::vector<policy::SupervisorRule>& rules) {
  for (const policy::SupervisorRule& rule : rules) {
    const auto at = std::lower_bound(rules_.begin(), rules_.end(), rule);
    if (at == rules_.end() || *at != rule) rules_.insert(at, rule);
  }
}

void Supervision::judge(Watcher& watcher, const policy::Snapshot& snapshot) const {
  watcher.serves.clear();
  for (const policy::SupervisorRule& rule : rules_) {
    if (policy::may_supervise(snapshot, rule, watcher.who, watched_)) watcher.serves.push_back(rule);
  }
}

void Supervision::join(std::uint64_t watch, policy::Supervisor who, const policy::Snapshot& snapshot) {
  Watcher& watcher = watchers_[watch];
  watcher.who = std::move(who);
  judge(watcher, snapshot);
}

std::string Supervision::leave(std::uint64_t watch) {
  const auto found = watchers_.find(watch);
  if (found == watchers_.end()) return {};
  std::string actor = std::move(found->second.who.actor);
  watchers_.erase(found);
  return actor;
}

void Supervision::review(const policy::Snapshot& snapshot) {
  for (auto& [unused, watcher] : watchers_) judge(watcher, snapshot);
}

bool Supervision::met() const {
  return std::all_of(rules_.begin(), rules_.end(), [this](const policy::SupervisorRule& rule) {
    return std::any_of(watchers_.begin(), watchers_.end(), [&rule](const auto& entry) {
      const auto& serves = entry.second.serves;
      return std::find(serves.begin(), serves.end(), rule) != serves.end();
    });
  });
}

std::vector<Supervision::Present> Supervision::present() const {
  std::vector<Present> out;
  for (const auto& [watch, watcher] : watchers_) {
    if (!watcher.serves.empty()) out.push_back({watch, watcher.who.actor});
  }
  return out;
}

std::string supervisors_text(const std::vector<policy::SupervisorRule>& rules) {
  std::string out;
  for (const policy::SupervisorRule& rule : rules)
    out += (out.empty() ? "" : ", and ") + policy::supervisors_text(rule);
  return out;
}

}  // namespace sallyport::broker
