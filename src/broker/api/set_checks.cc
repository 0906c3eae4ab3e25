// SPDX-License-Identifier: Apache-2.0
// Recipients, and names that say who somebody is.
#include "broker/api/set_checks.h"

#include <map>
#include <set>

#include "broker/api/change_steps.h"
#include "broker/record/record_recipients.h"
#include "policy/resource.h"

namespace sallyport::broker::api {
namespace {

bool puts(const Step& step, const std::string& kind) {
  return step.change.what == ChangeStep::What::put && step.change.kind == kind;
}

// Before the change. More than this, and no session could be recorded.
base::Status check_number_of_recipients(store::Store& store, const std::vector<Step>& steps) {
  const std::string kind = policy::to_string(policy::Kind::recipient);
  const auto rows = store.list_resources(kind);
  if (!rows) return base::fail(rows.error().code, rows.error().message);
  std::set<std::string> names;
  for (const store::ResourceRow& row : *rows) names.insert(row.name);
  for (const Step& one : steps) {
    if (puts(one, kind)) names.insert(one.change.name);
  }
  if (names.size() <= kMaxDeclaredRecipients) return {};
  return base::fail(base::Errc::invalid, "there would be " + std::to_string(names.size()) +
                                             " recipients: recordings are encrypted to each of them, and to " +
                                             std::to_string(kMaxDeclaredRecipients) + " at most");
}

// A name that says who somebody is, beside the user's own.
struct SecondName {
  const char* key;
  std::string policy::User::*value;
  const char* meaning;
};
constexpr SecondName kSecondNames[] = {{"email", &policy::User::email, "it says who logs in"},
                                       {"local_account", &policy::User::local_account, "it says who gives orders"}};

// Before the change: who has which second name after it. One of two users would be taken for the other.
base::Status check_second_names(store::Store& store, const std::vector<Step>& steps) {
  const std::string kind = policy::to_string(policy::Kind::user);
  std::map<std::string, std::string> users;  // name → JSON
  bool any = false;
  for (const Step& one : steps) {
    if (!puts(one, kind)) continue;
    users.emplace(one.change.name, one.change.text);
    for (const SecondName& second : kSecondNames) {
      any = any || one.change.text.find("\"" + std::string(second.key) + "\"") != std::string::npos;
    }
  }
  if (!any) return {};
  const auto rows = store.list_resources(kind);
  if (!rows) return base::fail(rows.error().code, rows.error().message);
  for (const store::ResourceRow& row : *rows) users.emplace(row.name, row.json);
  std::map<std::pair<std::string, std::string>, std::string> owners;  // (key, value) → name
  for (const auto& [name, json] : users) {
    const auto resource = policy::parse_resource(json);
    if (!resource) return base::fail(base::Errc::corrupt, "user " + name + ": " + resource.message());
    for (const SecondName& second : kSecondNames) {
      const std::string& value = std::get<policy::User>(*resource).*second.value;
      if (value.empty()) continue;
      const auto [owner, first] = owners.emplace(std::pair(second.key, value), name);
      if (first) continue;
      return base::fail(base::Errc::invalid, "users '" + owner->second + "' and '" + name + "' have the same " +
                                                 second.key + ": " + second.meaning + ", so each has one of their own");
    }
  }
  return {};
}

}  // namespace

base::Status check_set(Services& services, const std::vector<Step>& steps) {
  if (auto fits = check_number_of_recipients(services.store, steps); !fits) return fits;
  return check_second_names(services.store, steps);
}

base::Status check_not_the_last_recipient(const Services& services, const std::string& name) {
  if (!services.config.recording.write_only) return {};
  const auto rows = services.store.list_resources(policy::to_string(policy::Kind::recipient));
  if (!rows) return base::fail(rows.error().code, rows.error().message);
  if (rows->size() != 1 || rows->front().name != name) return {};
  return base::fail(base::Errc::denied, "recipient " + name +
                                            " is the last one, and recording.write_only is set: no session could be "
                                            "recorded, so none would open. Apply another recipient first");
}

}  // namespace sallyport::broker::api
