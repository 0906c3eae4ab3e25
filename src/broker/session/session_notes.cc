// SPDX-License-Identifier: Apache-2.0
// The events.
#include "broker/session/session_notes.h"

#include "event/event.pb.h"

namespace sallyport::broker {

namespace {

std::string joined(const std::vector<std::string>& names, const char* between) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : between) + name;
  return out;
}

event::Event control_event(const std::string& action, const std::string& actor, const std::string& text) {
  event::Event event;
  event.mutable_control()->set_action(action);
  event.mutable_control()->set_actor(actor);
  event.mutable_control()->set_text(text);
  return event;
}

}  // namespace

bool SessionNotes::record(const event::Event& event) {
  return parts_.journal && parts_.journal->write_own(event);
}

void SessionNotes::denied(const std::string& reason, const std::string& detail) {
  const SessionFacts& facts = parts_.facts;
  user_audit_.write({"session.denied",
                     facts.identity.user,
                     parts_.handle ? parts_.id : "",
                     {{"account", facts.destination.account},
                      {"target", facts.destination.target},
                      {"source", facts.source},
                      {"reason", reason},
                      {"detail", detail}}});
}

void SessionNotes::revoked(const std::string& reason, const std::string& detail) {
  audit_.write({"session.revoked",
                "sallyport",
                parts_.id,
                {{"user", parts_.facts.identity.user},
                 {"account", parts_.account.name},
                 {"target", parts_.target.name},
                 {"reason", reason},
                 {"detail", detail}}});
}

void SessionNotes::restricted(policy::Permissions permissions, const policy::Limits& limits) {
  audit::Event event{"session.restricted",
                     "sallyport",
                     parts_.id,
                     {{"user", parts_.facts.identity.user},
                      {"allow", permissions.words()},
                      {"reason", std::string("policies_changed")}}};
  // As in a policy: 0 is no limit.
  if (limits.duration_seconds != 0) event.fields.push_back({"duration_seconds", limits.duration_seconds});
  if (limits.idle_seconds != 0) event.fields.push_back({"idle_seconds", limits.idle_seconds});
  if (limits.input_idle_seconds != 0) event.fields.push_back({"input_idle_seconds", limits.input_idle_seconds});
  audit_.write(std::move(event));
}

void SessionNotes::barred_from_new() {
  audit_.write({"session.restricted",
                "sallyport",
                parts_.id,
                {{"user", parts_.facts.identity.user},
                 {"allow", std::vector<std::string>{}},
                 {"reason", std::string("stale_login")}}});
}

audit::Event SessionNotes::start() const {
  const SessionFacts& facts = parts_.facts;
  audit::Event event{"session.start",
                     facts.identity.user,
                     parts_.id,
                     {{"account", parts_.account.name},
                      {"target", parts_.target.name},
                      {"source", facts.source},
                      {"via", facts.via},
                      {"auth", facts.identity.method},
                      {"policies", parts_.grant.policies}}};
  if (!facts.legacy.empty()) event.fields.push_back({"legacy", joined(facts.legacy, ", ")});
  if (facts.identity.certificate) {
    for (audit::Field& field : audit_fields(*facts.identity.certificate)) event.fields.push_back(std::move(field));
  }
  add_invitation(event);
  return event;
}

store::SessionRow SessionNotes::row() const {
  const SessionInfo info = parts_.handle->info();
  store::SessionRow row;
  row.id = parts_.id;
  row.node = node_;
  row.user = info.user;
  row.account = info.account;
  row.target = info.target;
  row.protocol = info.protocol;
  row.source = info.source;
  row.state = to_string(SessionState::live);
  row.started_at_us = info.started_at_us;
  row.recording_state = "live";
  row.integrity = "open";
  row.detail = "{\"via\":\"" + parts_.facts.via + "\"}";  // one of our own words
  return row;
}

void SessionNotes::record_begins() {
  const SessionFacts& facts = parts_.facts;
  event::Event event;
  event::SessionStart& start = *event.mutable_session_start();
  start.set_id(parts_.id);
  start.set_user(facts.identity.user);
  start.set_account(parts_.account.name);
  start.set_target(parts_.target.name);
  start.set_protocol(policy::to_string(parts_.target.protocol));
  start.set_source(facts.source);
  start.set_node(node_);
  start.set_policy(joined(parts_.grant.policies, " "));
  start.set_via(facts.via);
  start.set_auth(facts.identity.method);
  start.set_client_software(facts.client_software);
  for (const std::string& name : facts.legacy) start.add_legacy(name);
  record(event);
  audit_.write({"recording.start",
                "sallyport",
                parts_.id,
                {{"header", base::to_hex(recording::view(parts_.record->header_hash()))},
                 {"keys", base::to_hex(recording::view(parts_.record->key_file_hash()))}}});
}

bool SessionNotes::login(const LoginFacts& facts) {
  event::Event event;
  event::Login& login = *event.mutable_login();
  login.set_method(facts.method);
  login.set_login_name(facts.login_name);
  login.set_host_key(facts.identity);
  login.set_address(parts_.target.address());
  login.set_secret_crossed(facts.secret_crossed);
  login.set_target_software(facts.software);
  for (const std::string& name : facts.legacy) login.add_legacy(name);
  login.set_banner(facts.banner);
  if (!record(event)) return false;
  audit::Event noted{facts.accepted ? "target.login" : "target.login_failed",
                     "sallyport",
                     parts_.id,
                     {{"target", parts_.target.name},
                      {"account", parts_.account.name},
                      {"method", facts.method},
                      {"host_key", facts.identity}}};
  if (!facts.legacy.empty()) noted.fields.push_back({"legacy", joined(facts.legacy, ", ")});
  audit_.write(std::move(noted));
  return true;
}

bool SessionNotes::warning(const std::string& text) {
  return record(control_event("message", "sallyport", text));
}

void SessionNotes::control(const std::string& action, const std::string& actor, const std::string& text) {
  audit_.write({"session." + action, actor, parts_.id, {{"text", text}}});
  record(control_event(action, actor, text));
}

void SessionNotes::wrong_proof(const std::string& method) {
  user_audit_.write({"auth.failure",
                     parts_.facts.identity.user,
                     parts_.id,
                     {{"method", method}, {"source", parts_.facts.source}, {"reason", "resuming a session"}}});
}

// Each refusal is in the record; the audit log has the first of a flood, and its length.
void SessionNotes::refused(const Judgement& judgement) {
  user_audit_.write({"session.refused",
                     parts_.facts.identity.user,
                     parts_.id,
                     {{"what", judgement.name}, {"reason", judgement.reason}}});
}

void SessionNotes::worker_fault(const std::string& worker, const std::string& fault) {
  audit_.write({"worker.fault", "sallyport", parts_.id, {{"worker", worker}, {"fault", fault}}});
}

void SessionNotes::inspector_gone(const std::string& reason) {
  audit_.write({"session.inspector_gone", "sallyport", parts_.id, {{"reason", reason}}});
}

audit::Event SessionNotes::end(const std::string& reason) const {
  audit::Event event{"session.end",
                     parts_.facts.identity.user,
                     parts_.id,
                     {{"reason", reason},
                      {"account", parts_.account.name},
                      {"target", parts_.target.name},
                      {"source", parts_.facts.source},
                      {"via", parts_.facts.via}}};
  add_invitation(event);
  return event;
}

// Whatever an invitation opened is found by it, and by its sponsor.
void SessionNotes::add_invitation(audit::Event& event) const {
  if (!parts_.approval || !policy::is_invitation(*parts_.approval)) return;
  event.fields.push_back({"invitation", parts_.approval->id});
  event.fields.push_back({"sponsor", parts_.approval->sponsor});
}

}  // namespace sallyport::broker
