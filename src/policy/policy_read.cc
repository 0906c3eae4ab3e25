// SPDX-License-Identifier: Apache-2.0
// A policy from JSON. A new key means a line here and one in resource_write.cc.
#include "policy/policy_read.h"

#include "base/escape.h"
#include "policy/selector_read.h"

namespace sallyport::policy {

using base::Result;
using base::Status;

namespace {

constexpr std::int64_t kMostApprovals = 20;
constexpr std::int64_t kApprovalSeconds = 3600;  // unless the policy says

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
  nested(in, "approval", [&](JsonObject& a) { out.approval = read_approval(a); });
  out.reason = in.optional_bool("reason", false);
  out.ticket = in.optional_text("ticket");
  if (in.ok() && in.has("ticket")) {
    if (const Status good = check_ticket_pattern(out.ticket); !good) {
      in.reject("ticket", base::escape_for_terminal(good.message()));
    }
  }
  out.supervisor = in.optional_bool("supervisor", false);
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
  for (const char* key : {"when", "commands", "files", "statements"}) in.not_yet(key);
  if (in.has("effect")) {
    const std::string effect = in.required_string("effect");
    if (effect == "deny") out.effect = Effect::deny;
    if (effect != "deny" && effect != "allow") in.reject("effect", "must be allow or deny");
  } else {
    in.take("effect");
  }
  out.subjects = read_subjects(in);
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
  if (out.effect == Effect::deny && in.has("require")) in.reject("require", "is for policies that allow");
  nested(in, "require", [&](JsonObject& r) { out.require = read_require(r); });
  if (in.ok() && in.has("require") && out.require.empty()) in.reject("require", "must name what is required");
  nested(in, "record", [&](JsonObject& r) {
    out.record.bulk_after_bytes = r.maybe_bytes("bulk_after");
    out.record.bulk_hash = r.maybe_bool("bulk_hash");
    out.record.strict = r.maybe_bool("strict");
  });
  nested(in, "limits", [&](JsonObject& l) {
    out.limits.idle_seconds = l.maybe_seconds("idle");
    out.limits.input_idle_seconds = l.maybe_seconds("input_idle");
    out.limits.duration_seconds = l.maybe_seconds("duration");
  });
  return out;
}

}  // namespace sallyport::policy
