// SPDX-License-Identifier: Apache-2.0
// policy test and lint: what the policies say, and what deserves a look. They change nothing.
#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "broker/access/grant_defaults.h"
#include "broker/api/documents.h"
#include "broker/api/handlers.h"
#include "broker/ssh/mosh_server.h"
#include "policy/decide.h"
#include "policy/lint.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

Json requirements_json(const policy::Requirements& requirements) {
  Json out = Json::object();
  for (const policy::Factor factor : requirements.factors) out["factors"].push_back(policy::to_string(factor));
  if (requirements.remember_seconds > 0) out["remember_seconds"] = requirements.remember_seconds;
  if (requirements.max_age_seconds) out["max_age_seconds"] = *requirements.max_age_seconds;
  for (const policy::ApprovalRule& rule : requirements.approvals) {
    out["approvals"].push_back(
        {{"users", rule.users}, {"groups", rule.groups}, {"count", rule.count}, {"valid_seconds", rule.valid_seconds}});
  }
  if (requirements.reason) out["reason"] = true;
  if (!requirements.tickets.empty()) out["tickets"] = requirements.tickets;
  if (!requirements.supervisors.empty()) out["supervisor"] = true;
  for (const policy::SupervisorRule& rule : requirements.supervisors) {
    out["supervisors"].push_back({{"users", rule.users}, {"groups", rule.groups}, {"wait_seconds", rule.wait_seconds}});
  }
  return out;
}

void add_grant(Json& out, const policy::Grant& grant, const std::string& command) {
  out["verdict"] = "allow";
  out["reason"] = "";
  if (!command.empty() && !grant.permissions.has(policy::Permission::exec)) {
    out["verdict"] = "deny";
    out["reason"] = "the session is allowed, but none of its policies allows exec";
  } else if (starts_mosh_server(command) && !grant.permissions.has(policy::Permission::mosh)) {
    out["verdict"] = "deny";
    out["reason"] = "the session is allowed, but none of its policies allows mosh";
  }
  out["policies"] = grant.policies;
  out["allow"] = grant.permissions.words();
  if (!grant.requirements.empty()) {
    out["requirements"] = requirements_json(grant.requirements);
    out["needs"] = policy::sentence(policy::unmet(grant.requirements, {}));
  }
  out["record"] = {{"bulk_after", grant.record.bulk_after_bytes},
                   {"bulk_hash", grant.record.bulk_hash},
                   {"strict", grant.record.strict}};
  out["limits"] = {{"idle_seconds", grant.limits.idle_seconds},
                   {"input_idle_seconds", grant.limits.input_idle_seconds},
                   {"duration_seconds", grant.limits.duration_seconds},
                   {"sessions_per_user", grant.limits.sessions_per_user},
                   {"sessions_per_target", grant.limits.sessions_per_target},
                   {"sessions_per_account", grant.limits.sessions_per_account},
                   {"checkout", grant.limits.exclusive ? "exclusive" : "shared"}};
}

void add_denial(Json& out, const policy::Denial& denial) {
  out["verdict"] = "deny";
  out["reason"] = denial.detail;
  out["code"] = policy::to_string(denial.reason);
  out["policies"] = denial.policies;
}

}  // namespace

void policy_test(const ExchangePtr& exchange, ipc::PolicyTest& asked) {
  policy::Request about;
  about.user = asked.user();
  about.target = asked.target();
  about.account = asked.account();
  about.source = asked.from();
  about.time_us = exchange->services().clock.now_us();
  if (!asked.at().empty()) {
    auto at = base::from_rfc3339(asked.at());
    if (!at) return exchange->fail(at.error());
    about.time_us = *at;
  }
  const auto state = exchange->services().policy.current();
  Json out;
  const policy::Decision decision = policy::decide(state->resources, about);
  if (const auto* granted = std::get_if<policy::Grant>(&decision)) {
    policy::Grant grant = *granted;
    apply_node_defaults(grant, state->resources, exchange->services().config);
    add_grant(out, grant, asked.command());
  } else {
    add_denial(out, std::get<policy::Denial>(decision));
  }
  Json considered = Json::array();
  for (const policy::Consideration& one : policy::explain(state->resources, about)) {
    Json row{{"policy", one.policy}, {"outcome", policy::to_string(one.outcome)}};
    if (!one.why.empty()) row["why"] = one.why;
    considered.push_back(std::move(row));
  }
  out["considered"] = std::move(considered);
  exchange->done(out.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void policy_lint(const ExchangePtr& exchange, PolicyLint& asked) {
  exchange->answer_on(exchange->context().walks, [exchange, items = std::move(asked.items)]() -> base::Result<Answer> {
    const auto state = exchange->services().policy.current();
    const auto resources = with_documents(state->resources, items);
    if (!resources) return base::fail(resources.error().code, resources.error().message);
    Answer out;
    for (const policy::Finding& one : policy::lint(*resources, exchange->services().clock.now_us())) {
      Json row{{"kind", policy::to_string(one.kind)}, {"policy", one.policy}};
      if (!one.other.empty()) row["other"] = one.other;
      row["reason"] = one.reason;
      out.add(row.dump());
    }
    out.done = Json{{"findings", out.items.size()}}.dump();
    return out;
  });
}

}  // namespace sallyport::broker::api
