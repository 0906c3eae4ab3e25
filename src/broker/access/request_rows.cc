// SPDX-License-Identifier: Apache-2.0
// Column by column.
#include "broker/access/request_rows.h"

#include <algorithm>
#include <sstream>

namespace sallyport::broker {

using base::Errc;
using base::fail;
using base::Result;
using policy::AccessRequest;

namespace {

constexpr const char* kNothing = "-";  // where a target or an account is not there

std::vector<std::string> split(const std::string& names) {
  std::istringstream in(names);
  std::vector<std::string> out;
  for (std::string name; in >> name;) out.push_back(name);
  return out;
}

// Errors: corrupt. A rule that is not understood must not become one that is met.
Result<std::vector<policy::ApprovalRule>> rules_in(const std::string& text) {
  std::vector<policy::ApprovalRule> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    policy::ApprovalRule rule;
    bool good = static_cast<bool>(words >> rule.count >> rule.valid_seconds) && rule.count > 0;
    for (std::string word; words >> word;) {
      if (word == "break-glass") {
        rule.break_glass = true;
        continue;
      }
      good = good && (word.starts_with("u:") || word.starts_with("g:")) && policy::is_name(word.substr(2));
      (word.starts_with("u:") ? rule.users : rule.groups).push_back(word.substr(std::min<std::size_t>(2, word.size())));
    }
    if (!good || (rule.users.empty() && rule.groups.empty())) {
      return fail(Errc::corrupt, "a request's rules are not as this version writes them");
    }
    out.push_back(std::move(rule));
  }
  return out;
}

// Errors: corrupt. A place that is not understood must not become one without bounds.
Result<std::vector<policy::ApprovedPlace>> places_in(const std::string& text) {
  std::vector<policy::ApprovedPlace> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    policy::ApprovedPlace place;
    bool good = static_cast<bool>(words >> place.target >> place.meaning);
    if (place.meaning == kNothing) place.meaning.clear();
    for (std::string word; words >> word;) good = good && place.permissions.add_word(word).has_value();
    if (!good) return fail(Errc::corrupt, "a request's places are not as this version writes them");
    out.push_back(std::move(place));
  }
  return out;
}

}  // namespace

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " ") + name;
  return out;
}

// One line a rule: how many, how long, and who: "1 3600 u:bob g:leads". Names hold neither blanks nor colons.
std::string text_of(const std::vector<policy::ApprovalRule>& rules) {
  std::string out;
  for (const policy::ApprovalRule& rule : rules) {
    out += std::to_string(rule.count) + " " + std::to_string(rule.valid_seconds);
    if (rule.break_glass) out += " break-glass";
    for (const std::string& user : rule.users) out += " u:" + user;
    for (const std::string& group : rule.groups) out += " g:" + group;
    out += "\n";
  }
  return out;
}

// One line a place: the target, what it meant, and the permissions.
std::string text_of(const std::vector<policy::ApprovedPlace>& places) {
  std::string out;
  for (const policy::ApprovedPlace& place : places) {
    out += place.target + " " + (place.meaning.empty() ? kNothing : place.meaning);
    for (const std::string& word : place.permissions.words()) out += " " + word;
    out += "\n";
  }
  return out;
}

store::RequestRow row_of(const AccessRequest& r) {
  store::RequestRow out;
  out.id = r.id;
  out.state = policy::to_string(r.state);
  out.requester = r.requester;
  out.requester_life = r.requester_life;
  out.sponsor = r.sponsor;
  out.account = r.account;
  out.targets = joined(r.targets);
  out.reason = r.reason;
  out.ticket = r.ticket;
  out.created_us = r.created_us;
  out.decide_by_us = r.decide_by_us;
  out.start_us = r.start_us;
  out.valid_seconds = r.valid_seconds;
  out.max_sessions = r.max_sessions;
  out.sessions_opened = r.sessions_opened;
  out.rules = text_of(r.rules);
  out.approved_us = r.approved_us;
  out.closed_us = r.closed_us;
  out.closed_by = r.closed_by;
  out.emergency = r.emergency;
  out.reviewed_us = r.reviewed_us;
  out.reviewed_by = r.reviewed_by;
  out.review = r.review;
  out.stated = r.stated;
  out.commands = joined(r.bound.commands);
  out.playbook = r.bound.playbook;
  out.places = text_of(r.places);
  return out;
}

Result<AccessRequest> request_of(const store::RequestRow& row) {
  AccessRequest out;
  auto state = policy::request_state_from(row.state);
  if (!state) return base::pass(state);
  out.state = *state;
  out.id = row.id;
  out.requester = row.requester;
  out.requester_life = row.requester_life;
  out.sponsor = row.sponsor;
  out.account = row.account;
  out.targets = split(row.targets);
  out.reason = row.reason;
  out.ticket = row.ticket;
  out.created_us = row.created_us;
  out.decide_by_us = row.decide_by_us;
  out.start_us = row.start_us;
  out.valid_seconds = row.valid_seconds;
  out.max_sessions = row.max_sessions;
  out.sessions_opened = row.sessions_opened;
  auto rules = rules_in(row.rules);
  if (!rules) return base::pass(rules);
  // Nobody approves a request without rules. One that only says why has none; an invitation may have none: its
  // sponsor's word suffices where the policies demand no approval.
  const bool may_have_none = row.stated || !row.sponsor.empty();
  if (rules->empty() ? !may_have_none : row.stated) return fail(Errc::corrupt, "a request has no rules");
  out.stated = row.stated;
  out.bound = {split(row.commands), row.playbook};
  if (auto good = policy::check_bound(out.bound); !good) return fail(Errc::corrupt, good.message());
  out.rules = std::move(*rules);
  auto places = places_in(row.places);
  if (!places) return base::pass(places);
  out.places = std::move(*places);
  out.approved_us = row.approved_us;
  out.closed_us = row.closed_us;
  out.closed_by = row.closed_by;
  out.emergency = row.emergency;
  out.reviewed_us = row.reviewed_us;
  out.reviewed_by = row.reviewed_by;
  out.review = row.review;
  return out;
}

}  // namespace sallyport::broker
