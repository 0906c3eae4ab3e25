// SPDX-License-Identifier: Apache-2.0
// Resources as canonical JSON: one writer a kind, the counterpart of resource_read.cc. Pure.
#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "policy/resource.h"
#include "policy/user_ca_read.h"

namespace sallyport::policy {

using nlohmann::json;

namespace {

json selector_json(const Selector& s) {
  const auto labels_json = [](const Selector::Labels& labels) {
    json out = json::object();
    for (const auto& [key, values] : labels) {
      if (values.size() == 1) {
        out[key] = values.front();
      } else {
        out[key] = values;
      }
    }
    return out;
  };
  if (s.names.empty() && s.labels.size() == 1) return labels_json(s.labels.front());
  json out = json::array();
  for (const std::string& name : s.names) out.push_back(name);
  for (const Selector::Labels& labels : s.labels) out.push_back(labels_json(labels));
  return out;
}

json subjects_json(const Subjects& s) {
  json out = json::object();
  if (!s.users.empty()) out["users"] = s.users;
  if (!s.groups.empty()) out["groups"] = s.groups;
  return out;
}

// What equals its default is left out.

void list(json& out, const char* key, const std::vector<std::string>& values) {
  if (!values.empty()) out[key] = values;
}

void write(json& out, const User& r) {
  if (!r.email.empty()) out["email"] = r.email;
  if (!r.local_account.empty()) out["local_account"] = r.local_account;
  list(out, "groups", r.groups);
  list(out, "public_keys", r.public_keys);
  for (const Role role : r.roles) out["roles"].push_back(to_string(role));
  if (r.disabled) out["disabled"] = true;
  if (r.type != UserType::person) out["type"] = to_string(r.type);
  list(out, "sources", r.sources);
  if (r.sessions) out["sessions"] = *r.sessions;
  if (r.outsider) {
    out["outsider"] = {{"invitation", r.outsider->invitation},
                       {"sponsor", r.outsider->sponsor},
                       {"sponsor_life", r.outsider->sponsor_life},
                       {"account", r.outsider->account},
                       {"targets", r.outsider->targets},
                       {"from", base::to_rfc3339(r.outsider->from_us)},
                       {"until", base::to_rfc3339(r.outsider->until_us)}};
  }
}

void write(json& out, const Group& r) {
  list(out, "members", r.members);
}

void write(json& out, const RoleBinding& r) {
  out["role"] = to_string(r.role);
  out["subjects"] = subjects_json(r.subjects);
}

void write(json& out, const Target& r) {
  out["protocol"] = to_string(r.protocol);
  out["address"] = r.address();
  if (!r.labels.empty()) out["labels"] = r.labels;
  list(out, "host_keys", r.host_keys);
  list(out, "host_ca", r.host_ca);
  list(out, "legacy", r.legacy);
  const Prompts usual;
  if (r.prompts.name != usual.name) out["login"]["name"] = r.prompts.name;
  if (r.prompts.password != usual.password) out["login"]["password"] = r.prompts.password;
  if (r.prompts.shell != usual.shell) out["login"]["shell"] = r.prompts.shell;
  if (r.prompts.refused != usual.refused) out["login"]["refused"] = r.prompts.refused;
}

void write(json& out, const Account& r) {
  out["targets"] = selector_json(r.targets);
  out["login"] = to_string(r.login);
  if (r.login_name != r.name) out["login_name"] = r.login_name;
}

json when_json(const When& w) {
  json out = json::object();
  for (const int day : w.days) out["days"].push_back(kDayNames.at(static_cast<std::size_t>(day)));
  if (w.hours) out["hours"] = to_string(*w.hours);
  if (!w.zone.empty()) out["zone"] = w.zone;
  list(out, "from", w.from);
  if (w.valid_from_us != 0) out["valid_from"] = base::to_rfc3339(w.valid_from_us);
  if (w.valid_until_us != 0) out["valid_until"] = base::to_rfc3339(w.valid_until_us);
  return out;
}

json require_json(const RequireRules& r) {
  json out = json::object();
  for (const Factor factor : r.factors) out["factors"].push_back(to_string(factor));
  if (r.remember_seconds) out["remember"] = *r.remember_seconds;
  if (r.max_age_seconds) out["max_age"] = *r.max_age_seconds;
  if (r.approval) {
    json& approval = out["approval"];
    list(approval["approvers"], "users", r.approval->users);
    list(approval["approvers"], "groups", r.approval->groups);
    approval["count"] = r.approval->count;
    approval["valid"] = r.approval->valid_seconds;
    if (r.approval->break_glass) approval["break_glass"] = true;
  }
  if (r.reason) out["reason"] = true;
  if (!r.ticket.empty()) out["ticket"] = r.ticket;
  if (r.supervisor && r.supervisor->users.empty() && r.supervisor->groups.empty()) {
    out["supervisor"] = true;
  } else if (r.supervisor) {
    list(out["supervisor"], "users", r.supervisor->users);
    list(out["supervisor"], "groups", r.supervisor->groups);
    out["supervisor"]["wait"] = r.supervisor->wait_seconds;
  }
  return out;
}

json limits_json(const LimitRules& l) {
  json out = json::object();
  const std::pair<const char*, const std::optional<std::int64_t>&> numbers[] = {
      {"idle", l.idle_seconds},
      {"input_idle", l.input_idle_seconds},
      {"duration", l.duration_seconds},
      {"sessions_per_user", l.sessions_per_user},
      {"sessions_per_target", l.sessions_per_target},
      {"sessions_per_account", l.sessions_per_account}};
  for (const auto& [key, number] : numbers) {
    if (number) out[key] = *number;
  }
  if (l.exclusive) out["checkout"] = "exclusive";
  return out;
}

void write(json& out, const Policy& r) {
  if (r.effect == Effect::deny) out["effect"] = "deny";
  if (r.subjects != Subjects{}) out["subjects"] = subjects_json(r.subjects);
  if (r.sponsors != Subjects{}) out["sponsors"] = subjects_json(r.sponsors);
  out["targets"] = selector_json(r.targets);
  out["accounts"] = r.accounts;
  list(out, "allow", r.allow.words());
  list(out, "deny", r.deny.words());
  if (!r.when.empty()) out["when"] = when_json(r.when);
  if (!r.require.empty()) out["require"] = require_json(r.require);
  if (r.record.bulk_after_bytes) out["record"]["bulk_after"] = *r.record.bulk_after_bytes;
  if (r.record.bulk_hash) out["record"]["bulk_hash"] = *r.record.bulk_hash;
  if (r.record.strict) out["record"]["strict"] = *r.record.strict;
  if (r.limits != LimitRules{}) out["limits"] = limits_json(r.limits);
}

void write(json& out, const Recipient& r) {
  out["public_key"] = r.public_key;
}

void write(json& out, const UserCa& r) {
  write_user_ca(out, r);
}

}  // namespace

std::string to_json(const Resource& resource) {
  json out = json::object();
  out["kind"] = to_string(kind_of(resource));
  std::visit(
      [&](const auto& r) {
        out["name"] = r.name;
        if (!r.description.empty()) out["description"] = r.description;
        write(out, r);
      },
      resource);
  return out.dump();
}

}  // namespace sallyport::policy
