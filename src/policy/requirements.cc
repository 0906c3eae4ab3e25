// SPDX-License-Identifier: Apache-2.0
// Requirements: their sum, and what of it is proved. Pure.
#include "policy/requirements.h"

#include <re2/re2.h>

#include <algorithm>
#include <set>

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr base::Micros kSecondUs = 1'000'000;
constexpr std::int64_t kPatternMemoryBytes = 1 << 20;

RE2::Options pattern_options() {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_max_mem(kPatternMemoryBytes);
  return out;
}

template <class T>
void insert_sorted(std::vector<T>& into, const T& value) {
  const auto at = std::lower_bound(into.begin(), into.end(), value);
  if (at == into.end() || *at != value) into.insert(at, value);
}

bool has(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

bool is_proved(Factor factor, const Requirements& requirements, const Proofs& proofs) {
  return std::any_of(proofs.factors.begin(), proofs.factors.end(), [&](const FactorProof& proof) {
    if (proof.factor != factor || proof.age_us < 0) return false;
    if (requirements.max_age_seconds && proof.age_us >= *requirements.max_age_seconds * kSecondUs) return false;
    if (proof.kind == FactorProof::Kind::by_this_login) return true;
    return proof.age_us < requirements.remember_seconds * kSecondUs;
  });
}

bool may_approve(const ApprovalRule& rule, const ApprovalProof& proof, const std::string& user) {
  if (proof.emergency || proof.approver.empty() || proof.approver == user) return false;
  if (proof.age_us < 0 || proof.age_us >= rule.valid_seconds * kSecondUs) return false;
  return proof.approver == kRoot || has(rule.users, proof.approver) ||
         std::any_of(rule.groups.begin(), rule.groups.end(),
                     [&](const std::string& group) { return has(proof.approver_groups, group); });
}

bool is_approved(const ApprovalRule& rule, const Proofs& proofs) {
  std::set<std::string> approvers;
  for (const ApprovalProof& proof : proofs.approvals) {
    const bool lasts = proof.age_us >= 0 && proof.age_us < rule.valid_seconds * kSecondUs;
    if (proof.emergency && rule.break_glass && lasts) return true;
    if (may_approve(rule, proof, proofs.user)) approvers.insert(proof.approver);
  }
  return rule.count > 0 && static_cast<std::int64_t>(approvers.size()) >= rule.count;
}

std::string approval_text(const ApprovalRule& rule) {
  std::string out = rule.count == 1 ? "the approval of one of " : std::to_string(rule.count) + " approvals of ";
  if (!rule.groups.empty()) out += (rule.groups.size() == 1 ? "the group " : "the groups ") + listed(rule.groups);
  if (!rule.groups.empty() && !rule.users.empty()) out += " or ";
  return out + listed(rule.users);
}

bool is_ticket(const Requirements& requirements, const std::string& ticket) {
  if (ticket.empty() || ticket.size() > kMaxTicketBytes) return false;
  return std::all_of(requirements.tickets.begin(), requirements.tickets.end(), [&](const std::string& pattern) {
    const RE2 compiled(pattern, pattern_options());
    return compiled.ok() && RE2::FullMatch(ticket, compiled);
  });
}

}  // namespace

const char* to_string(Factor factor) {
  switch (factor) {
    case Factor::totp:
      return "totp";
  }
  return "unknown";
}

Result<Factor> factor_from(std::string_view word) {
  if (word == to_string(Factor::totp)) return Factor::totp;
  return fail(Errc::invalid, "'" + std::string(word) + "' is no factor; there is totp");
}

const char* to_string(Unmet::What what) {
  switch (what) {
    case Unmet::What::factor:
      return "factor";
    case Unmet::What::approval:
      return "approval";
    case Unmet::What::reason:
      return "reason";
    case Unmet::What::ticket:
      return "ticket";
    case Unmet::What::supervisor:
      return "supervisor";
  }
  return "unknown";
}

bool RequireRules::empty() const {
  return factors.empty() && !approval && !reason && ticket.empty() && !supervisor;
}

bool Requirements::empty() const {
  return factors.empty() && approvals.empty() && !reason && tickets.empty() && supervisors.empty();
}

void Requirements::add(const RequireRules& rules) {
  if (!rules.factors.empty()) {
    const std::int64_t remembers = rules.remember_seconds.value_or(0);
    remember_seconds = factors.empty() ? remembers : std::min(remember_seconds, remembers);
  }
  if (rules.max_age_seconds) {
    max_age_seconds = std::min(max_age_seconds.value_or(*rules.max_age_seconds), *rules.max_age_seconds);
  }
  for (const Factor factor : rules.factors) insert_sorted(factors, factor);
  if (rules.approval) insert_sorted(approvals, *rules.approval);
  reason = reason || rules.reason;
  if (!rules.ticket.empty()) insert_sorted(tickets, rules.ticket);
  if (rules.supervisor) insert_sorted(supervisors, *rules.supervisor);
}

std::vector<Unmet> unmet(const Requirements& requirements, const Proofs& proofs) {
  using What = Unmet::What;
  std::vector<Unmet> out;
  for (const Factor factor : requirements.factors) {
    if (!is_proved(factor, requirements, proofs)) {
      out.push_back({What::factor, factor, std::string("a second factor (") + to_string(factor) + ")"});
    }
  }
  for (const ApprovalRule& rule : requirements.approvals) {
    if (!is_approved(rule, proofs)) out.push_back({What::approval, {}, approval_text(rule)});
  }
  if (requirements.reason && proofs.reason.find_first_not_of(" \t") == std::string::npos) {
    out.push_back({What::reason, {}, "a reason"});
  }
  if (!requirements.tickets.empty() && !is_ticket(requirements, proofs.ticket)) {
    out.push_back({What::ticket, {}, "a ticket that matches " + listed(requirements.tickets)});
  }
  if (!requirements.supervisors.empty() && !proofs.supervised)
    out.push_back({What::supervisor, {}, "a supervisor who watches"});
  return out;
}

std::string sentence(const std::vector<Unmet>& missing) {
  std::string out = "This access needs ";
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (i > 0) out += i + 1 == missing.size() ? " and " : ", ";
    out += missing[i].text;
  }
  return out + ".";
}

Status check_ticket_pattern(const std::string& pattern) {
  if (pattern.empty() || pattern.size() > kMaxTicketPatternBytes) {
    return fail(Errc::invalid, "must be a pattern of 1 to " + std::to_string(kMaxTicketPatternBytes) + " bytes");
  }
  const RE2 compiled(pattern, pattern_options());
  if (!compiled.ok()) return fail(Errc::invalid, "must be a pattern of RE2: " + compiled.error());
  if (RE2::FullMatch("", compiled)) return fail(Errc::invalid, "must not match an empty ticket");
  return {};
}

}  // namespace sallyport::policy
