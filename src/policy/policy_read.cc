// SPDX-License-Identifier: Apache-2.0
// A policy from JSON. A new key means a line here and one in resource_write.cc.
#include "policy/policy_read.h"

#include <algorithm>

#include "base/escape.h"
#include "base/text_time.h"
#include "policy/selector_read.h"

namespace sallyport::policy {

using base::Result;
using base::Status;

namespace {

constexpr std::int64_t kMostApprovals = 20;
constexpr std::int64_t kMostSessions = 1'000'000;
constexpr base::Micros kLastMomentUs = 253'402'300'799'000'000;  // of the year 9999
constexpr std::int64_t kApprovalSeconds = 3600;                  // unless the policy says
constexpr std::int64_t kSupervisorSeconds = 900;                 // unless the policy says

ApprovalRule read_approval(JsonObject& in) {
  ApprovalRule out;
  nested(in, "approvers", [&](JsonObject& a) {
    out.users = a.name_list("users", JsonObject::Every::refused);
    out.groups = a.name_list("groups", JsonObject::Every::refused);
  });
  if (in.ok() && out.users.empty() && out.groups.empty()) {
    in.reject("approvers", "must name users or groups, such as {groups: [leads]}");
  }
  out.count = in.maybe_count("count", kMostApprovals).value_or(1);
  if (in.ok() && out.groups.empty() && out.count > static_cast<std::int64_t>(out.users.size())) {
    in.reject("count", "is greater than the number of approvers");
  }
  out.valid_seconds = in.maybe_seconds("valid").value_or(kApprovalSeconds);
  out.break_glass = in.optional_bool("break_glass", false);
  return out;
}

// `true`: whoever may watch every session.
std::optional<SupervisorRule> read_supervisor(JsonObject& in) {
  SupervisorRule out;
  out.wait_seconds = kSupervisorSeconds;
  if (in.has_bool("supervisor")) return in.optional_bool("supervisor", false) ? std::optional(out) : std::nullopt;
  if (!in.has("supervisor")) return in.take("supervisor"), std::nullopt;
  nested(in, "supervisor", [&](JsonObject& s) {
    out.users = s.name_list("users", JsonObject::Every::refused);
    out.groups = s.name_list("groups", JsonObject::Every::refused);
    if (s.ok() && out.users.empty() && out.groups.empty()) {
      s.reject("groups", "must name who may supervise, here or under users");
    }
    out.wait_seconds = s.maybe_seconds("wait").value_or(kSupervisorSeconds);
  });
  return out;
}

std::vector<int> read_days(JsonObject& in) {
  std::vector<int> out;
  for (const std::string& word : in.string_list("days")) {
    const auto* day = std::find(kDayNames.begin(), kDayNames.end(), word);
    if (day == kDayNames.end()) {
      in.reject("days", "must be some of mon, tue, wed, thu, fri, sat, sun");
      return {};
    }
    out.push_back(static_cast<int>(day - kDayNames.begin()));
  }
  std::sort(out.begin(), out.end());
  if (in.has("days") && out.empty()) in.reject("days", "must name a day");
  return out;
}

base::Micros read_moment(JsonObject& in, std::string_view key) {
  if (!in.has(key)) return in.take(key), 0;
  const std::string text = in.required_string(key);
  const Result<base::Micros> at = base::from_rfc3339(text);
  if (!at || *at <= 0 || *at > kLastMomentUs) {
    in.reject(key, "must be a time such as 2026-03-01T08:00:00+01:00, in quotes");
    return 0;
  }
  return *at;
}

When read_when(JsonObject& in) {
  When out;
  out.days = read_days(in);
  if (const std::string text = in.optional_text("hours"); in.ok() && in.has("hours")) {
    out.hours = hours_from(text);
    if (!out.hours) in.reject("hours", "must be such as \"08:00-18:00\", or \"22:00-06:00\" over midnight");
  }
  out.zone = in.optional_text("zone");
  if (in.ok() && in.has("zone")) {
    if (!is_zone_name(out.zone)) in.reject("zone", "must be the name of a time zone, such as Europe/Berlin");
    if (out.days.empty() && !out.hours) in.reject("zone", "is for days and hours; name some");
  }
  out.from = read_blocks(in, "from");
  out.valid_from_us = read_moment(in, "valid_from");
  out.valid_until_us = read_moment(in, "valid_until");
  if (in.ok() && out.valid_until_us != 0 && out.valid_until_us <= out.valid_from_us) {
    in.reject("valid_until", "must be later than valid_from");
  }
  return out;
}

RequireRules read_require(JsonObject& in) {
  RequireRules out;
  for (const std::string& word : in.string_list("factors")) {
    const Result<Factor> factor = factor_from(word);
    if (!factor) {
      in.reject("factors", base::escape_for_terminal(factor.message()));
      break;
    }
    out.factors.push_back(*factor);
  }
  out.remember_seconds = in.maybe_seconds("remember");
  if (out.remember_seconds && out.factors.empty()) in.reject("remember", "is for factors; name some");
  out.max_age_seconds = in.maybe_seconds("max_age");
  if (out.max_age_seconds && out.factors.empty()) in.reject("max_age", "is for factors; name some");
  nested(in, "approval", [&](JsonObject& a) { out.approval = read_approval(a); });
  out.reason = in.optional_bool("reason", false);
  out.ticket = in.optional_text("ticket");
  if (in.ok() && in.has("ticket")) {
    if (const Status good = check_ticket_pattern(out.ticket); !good) {
      in.reject("ticket", base::escape_for_terminal(good.message()));
    }
  }
  out.supervisor = read_supervisor(in);
  return out;
}

LimitRules read_limits(JsonObject& in) {
  LimitRules out;
  out.idle_seconds = in.maybe_seconds("idle");
  out.input_idle_seconds = in.maybe_seconds("input_idle");
  out.duration_seconds = in.maybe_seconds("duration");
  out.sessions_per_user = in.maybe_count("sessions_per_user", kMostSessions);
  out.sessions_per_target = in.maybe_count("sessions_per_target", kMostSessions);
  out.sessions_per_account = in.maybe_count("sessions_per_account", kMostSessions);
  if (!in.has("checkout")) {
    in.take("checkout");
  } else if (in.required_string("checkout") == "exclusive") {
    out.exclusive = true;
  } else {
    in.reject("checkout", "must be exclusive; leave it out where sessions may share the account");
  }
  return out;
}

Permissions read_permissions(JsonObject& in, std::string_view key) {
  Permissions out;
  for (const std::string& word : in.string_list(key)) {
    if (const Status added = out.add_word(word); !added) {
      in.reject(key, base::escape_for_terminal(added.message()));
      break;
    }
  }
  return out;
}

}  // namespace

Policy read_policy(JsonObject& in) {
  Policy out;
  for (const char* key : {"commands", "files", "statements"}) in.not_yet(key);
  if (in.has("effect")) {
    const std::string effect = in.required_string("effect");
    if (effect == "deny") out.effect = Effect::deny;
    if (effect != "deny" && effect != "allow") in.reject("effect", "must be allow or deny");
  } else {
    in.take("effect");
  }
  if (in.has("sponsors")) out.sponsors = read_subjects(in, "sponsors");
  if (in.has("subjects") || !in.has("sponsors")) out.subjects = read_subjects(in);
  out.targets = read_selector(in, "targets");
  out.accounts = in.name_list("accounts", JsonObject::Every::accepted);
  if (out.accounts.empty()) in.reject("accounts", "must name accounts, such as [deploy], or [\"*\"] for all");
  out.allow = read_permissions(in, "allow");
  out.deny = read_permissions(in, "deny");
  const bool none = out.allow.empty() && out.deny.empty();
  if (out.effect == Effect::deny && !none) {
    in.reject("effect", "deny refuses everything; leave out allow and deny, or the effect");
  }
  if (out.effect == Effect::allow && none) {
    in.reject("allow", "must name what is allowed, such as [shell, exec, sftp]");
  }
  nested(in, "when", [&](JsonObject& w) { out.when = read_when(w); });
  if (in.ok() && in.has("when") && out.when.empty()) in.reject("when", "must name a condition");
  if (out.effect == Effect::deny && in.has("require")) in.reject("require", "is for policies that allow");
  nested(in, "require", [&](JsonObject& r) { out.require = read_require(r); });
  if (in.ok() && in.has("require") && out.require.empty()) in.reject("require", "must name what is required");
  nested(in, "record", [&](JsonObject& r) {
    out.record.bulk_after_bytes = r.maybe_bytes("bulk_after");
    out.record.bulk_hash = r.maybe_bool("bulk_hash");
    out.record.strict = r.maybe_bool("strict");
  });
  nested(in, "limits", [&](JsonObject& l) { out.limits = read_limits(l); });
  return out;
}

}  // namespace sallyport::policy
