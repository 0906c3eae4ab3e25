// SPDX-License-Identifier: Apache-2.0
// Inclusion, clause by clause. Pure.
#include "policy/scope.h"

#include <algorithm>

#include "policy/match.h"

namespace sallyport::policy {

namespace {

bool has(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool holds_all(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
  return is_every(wide) ||
         std::all_of(narrow.begin(), narrow.end(), [&](const std::string& one) { return has(wide, one); });
}

bool covers_subjects(const Snapshot& snapshot, const Subjects& wide, const Subjects& narrow) {
  if (is_every(wide.users)) return true;
  if (is_every(narrow.users)) return false;
  const auto is_user = [&](const std::string& user) {
    return names_subject(wide, user, groups_of(snapshot, user, {}));
  };
  return std::all_of(narrow.users.begin(), narrow.users.end(), is_user) && holds_all(wide.groups, narrow.groups);
}

bool covers_labels(const Selector::Labels& wide, const Selector::Labels& narrow) {
  return !wide.empty() && std::all_of(wide.begin(), wide.end(), [&](const auto& one) {
    const auto same = narrow.find(one.first);
    return same != narrow.end() && holds_all(one.second, same->second);
  });
}

bool covers_targets(const Snapshot& snapshot, const Selector& wide, const Selector& narrow) {
  if (is_every(wide.names)) return true;
  if (is_every(narrow.names)) return false;
  const auto is_target = [&](const std::string& name) {
    const Target* target = snapshot.target(name);
    return has(wide.names, name) || (target != nullptr && matches(wide, *target));
  };
  const auto is_chosen = [&](const Selector::Labels& labels) {
    return std::any_of(wide.labels.begin(), wide.labels.end(),
                       [&](const Selector::Labels& one) { return covers_labels(one, labels); });
  };
  return std::all_of(narrow.names.begin(), narrow.names.end(), is_target) &&
         std::all_of(narrow.labels.begin(), narrow.labels.end(), is_chosen);
}

}  // namespace

bool is_every(const std::vector<std::string>& list) {
  return list.size() == 1 && list.front() == kEvery;
}

bool covers(const Snapshot& snapshot, const Policy& wide, const Policy& narrow) {
  return (wide.when.empty() || wide.when == narrow.when) && holds_all(wide.accounts, narrow.accounts) &&
         covers_targets(snapshot, wide.targets, narrow.targets) &&
         covers_subjects(snapshot, wide.subjects, narrow.subjects);
}

// Whatever covers it names its first subject.
std::vector<std::string_view> may_cover(const Snapshot& snapshot, const Policy& narrow) {
  if (narrow.subjects.users.empty()) return snapshot.index.of_subject("", {narrow.subjects.groups.front()});
  const std::string& user = narrow.subjects.users.front();
  return snapshot.index.of_subject(user, groups_of(snapshot, user, {}));
}

}  // namespace sallyport::policy
