// SPDX-License-Identifier: Apache-2.0
// From the keys that differ to areas.
#include "policy/change_area.h"

#include "policy/differences.h"

namespace sallyport::policy {
namespace {

std::string_view first_key(std::string_view path) {
  return path.substr(0, path.find_first_of(".["));
}

ChangeAreas areas_of_user(const std::vector<Difference>& changes) {
  ChangeAreas out;
  for (const Difference& one : changes) {
    const std::string_view key = first_key(one.path);
    if (key == "description") continue;
    const bool role = key == "roles" || key == "groups" || key == "local_account";
    out.add(role ? ChangeArea::roles : ChangeArea::keys);
  }
  return out;
}

bool only_locks_out(const std::vector<Difference>& changes) {
  return changes.size() == 1 && changes.front().path == "disabled" && changes.front().after == "true";
}

ChangeAreas areas_of_policy(const std::vector<Difference>& changes) {
  ChangeAreas out;
  out.add(ChangeArea::policy);
  for (const Difference& one : changes) {
    if (first_key(one.path) == "record") out.add(ChangeArea::retention);
  }
  return out;
}

}  // namespace

const char* to_string(ChangeArea area) {
  switch (area) {
    case ChangeArea::policy:
      return "policy";
    case ChangeArea::keys:
      return "keys";
    case ChangeArea::roles:
      return "roles";
    case ChangeArea::retention:
      return "retention";
    case ChangeArea::targets:
      return "targets";
  }
  return "";
}

std::vector<std::string> ChangeAreas::words() const {
  std::vector<std::string> out;
  for (const ChangeArea area : kChangeAreas) {
    if (has(area)) out.emplace_back(to_string(area));
  }
  return out;
}

base::Result<ChangeAreas> areas_in(const std::vector<std::string>& words) {
  ChangeAreas out;
  for (const std::string& word : words) {
    bool known = false;
    for (const ChangeArea area : kChangeAreas) {
      if (word != to_string(area)) continue;
      out.add(area);
      known = true;
    }
    if (!known) {
      return base::fail(base::Errc::invalid, "'" + word + "' is none of policy, keys, roles, retention, targets");
    }
  }
  return out;
}

base::Result<ChangeAreas> areas_of(std::string_view kind, std::string_view before, std::string_view after) {
  const auto changes = differences(before, after);
  if (!changes) return base::fail(changes.error().code, changes.message());
  if (changes->empty()) return ChangeAreas();
  ChangeAreas out;
  if (kind == "policy") {
    out = areas_of_policy(*changes);
  } else if (kind == "user") {
    if (!before.empty() && !after.empty() && only_locks_out(*changes)) return ChangeAreas();
    out = areas_of_user(*changes);
    if (before.empty() || after.empty()) out.add(ChangeArea::keys);
  } else if (kind == "group" || kind == "role") {
    out.add(ChangeArea::roles);
  } else if (kind == "recipient") {
    out.add(ChangeArea::retention);
  } else if (kind == "target" || kind == "account") {
    out.add(ChangeArea::targets);
  } else {
    out.add(ChangeArea::keys);
  }
  return out;
}

}  // namespace sallyport::policy
