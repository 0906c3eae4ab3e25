// SPDX-License-Identifier: Apache-2.0
// Field names are a contract: docs/cli.md.
#include "broker/api/json_fields.h"

#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "broker/access/access_requests.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json time_or_null(base::Micros us) {
  return us == 0 ? Json(nullptr) : Json(base::to_rfc3339(us));
}

template <class Facts>
Json common(const Facts& facts, const std::string& state) {
  Json out;
  out["id"] = facts.id;
  out["user"] = facts.user;
  out["account"] = facts.account;
  out["target"] = facts.target;
  out["protocol"] = facts.protocol;
  out["source"] = facts.source;
  out["state"] = state;
  out["started_at"] = time_or_null(facts.started_at_us);
  out["ended_at"] = time_or_null(facts.ended_at_us);
  out["end_reason"] = facts.end_reason;
  return out;
}

// What else the session's own part of the broker noted: an object, or nothing.
void add_detail(Json& out, const std::string& detail) {
  const Json parsed = Json::parse(detail, nullptr, false);
  if (!parsed.is_object()) return;
  for (const auto& [key, value] : parsed.items()) {
    if (!out.contains(key)) out[key] = value;
  }
}

}  // namespace

std::string session_json(const SessionInfo& info) {
  Json out = common(info, to_string(info.state));
  if (!info.via.empty()) out["via"] = info.via;
  return dump(out);
}

std::string session_json(const store::SessionRow& row) {
  Json out = common(row, row.state);
  if (!row.node.empty()) out["node"] = row.node;
  if (!row.recording_state.empty()) out["recording"] = row.recording_state;
  add_detail(out, row.detail);
  return dump(out);
}

std::string recording_json(const store::SessionRow& row) {
  Json out = common(row, row.recording_state);
  out["bytes"] = row.bytes;
  out["events"] = row.events;
  out["integrity"] = row.integrity;
  if (!row.node.empty()) out["node"] = row.node;
  return dump(out);
}

std::string invitation_json(const Invitation& invitation, base::Micros now_us) {
  const policy::AccessRequest& request = invitation.request;
  const store::InvitationRow& row = invitation.row;
  Json out;
  out["id"] = row.id;
  out["user"] = row.user;
  out["sponsor"] = row.sponsor;
  out["state"] = to_string(state_of(invitation, now_us));
  out["request"] = request_code(row.id);
  out["account"] = request.account;
  out["targets"] = request.targets;
  out["reason"] = request.reason;
  out["ticket"] = request.ticket;
  out["created_at"] = time_or_null(request.created_us);
  out["from"] = time_or_null(request.start_us);
  out["until"] = time_or_null(request.decide_by_us);
  out["max_sessions"] = request.max_sessions;
  out["sessions_opened"] = request.sessions_opened;
  out["taken_at"] = time_or_null(row.taken_us);
  out["bound"] = row.bound;
  out["wrong_codes"] = row.failures;
  out["ended_at"] = time_or_null(row.ended_us);
  out["ended_by"] = row.ended_by;
  out["end_reason"] = row.end_reason;
  return dump(out);
}

std::string request_json(const policy::AccessRequest& request, base::Micros now_us) {
  Json out;
  out["id"] = request.id;
  out["code"] = request_code(request.id);
  out["state"] = policy::to_string(policy::state_at(request, now_us));
  out["user"] = request.requester;
  out["account"] = request.account;
  out["targets"] = request.targets;
  out["allows"] = Json::object();
  for (const policy::ApprovedPlace& place : request.places) out["allows"][place.target] = place.permissions.words();
  out["reason"] = request.reason;
  out["ticket"] = request.ticket;
  out["created_at"] = time_or_null(request.created_us);
  out["decide_by"] = time_or_null(request.decide_by_us);
  out["starts_at"] = time_or_null(request.approved_us == 0 ? request.start_us : policy::good_from_us(request));
  out["valid_seconds"] = request.valid_seconds;
  out["valid_until"] = time_or_null(policy::good_until_us(request));
  out["max_sessions"] = request.max_sessions;
  out["sessions"] = request.sessions_opened;
  out["commands_sha256"] = request.bound.commands;
  out["playbook_sha256"] = request.bound.playbook;
  out["sponsor"] = request.sponsor;
  out["approvals"] = Json::array();
  for (const policy::ApprovalRule& rule : request.rules) {
    out["approvals"].push_back({{"users", rule.users}, {"groups", rule.groups}, {"count", rule.count}});
  }
  out["votes"] = Json::array();
  for (const policy::Vote& vote : request.votes) {
    out["votes"].push_back({{"by", vote.voter},
                            {"verdict", vote.approves ? "approve" : "deny"},
                            {"time", time_or_null(vote.at_us)},
                            {"comment", vote.comment}});
  }
  out["break_glass"] = request.emergency;
  if (request.emergency) {
    out["reviewed_at"] = time_or_null(request.reviewed_us);
    out["reviewed_by"] = request.reviewed_by;
    out["review"] = request.review;
  }
  out["closed_at"] = time_or_null(request.closed_us);
  out["closed_by"] = request.closed_by;
  return dump(out);
}

}  // namespace sallyport::broker::api
