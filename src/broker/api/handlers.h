// SPDX-License-Identifier: Apache-2.0
// The operations, one function each; one file per group. Trusted side, main loop; the caller's roles were looked at. A
// change, or an access to a recording, is an audit event before it takes effect; one that is refused is none. A request
// is the handler's to take apart.
#pragma once

#include "broker/api/exchange.h"
#include "broker/api/request.h"

namespace sallyport::broker::api {

// apply.cc
/// All or nothing; one Item a resource: {kind, name, action, version}.
void apply(const ExchangePtr& exchange, Apply& asked);
void delete_resource(const ExchangePtr& exchange, ipc::DeleteResource& asked);

// resources.cc
void get_resource(const ExchangePtr& exchange, ipc::GetResource& asked);

// targets.cc
/// Connects to a target and says which host keys it proves, beside those on record. Changes nothing.
void target_scan(const ExchangePtr& exchange, ipc::TargetScan& asked);

// credentials.cc
void set_password(const ExchangePtr& exchange, ipc::SetPassword& asked);
void add_key(const ExchangePtr& exchange, ipc::AddKey& asked);
void set_secret(const ExchangePtr& exchange, ipc::SetSecret& asked);
void show_ca(const ExchangePtr& exchange, ipc::ShowCa& asked);
/// The authority of TLS certificates, line by line (tls_ca.cc).
void show_tls_ca(const ExchangePtr& exchange);
void rotate_master_key(const ExchangePtr& exchange, ipc::RotateMasterKey& asked);

// users.cc
/// The answer holds the new secret, for the one who enrols the user. It counts once a code of it was confirmed.
void enroll_totp(const ExchangePtr& exchange, ipc::EnrollTotp& asked);
void confirm_totp(const ExchangePtr& exchange, ipc::ConfirmTotp& asked);
void remove_totp(const ExchangePtr& exchange, ipc::RemoveTotp& asked);
void show_user(const ExchangePtr& exchange, ipc::ShowUser& asked);

// sessions.cc
void session_list(const ExchangePtr& exchange, ipc::SessionList& asked);
void session_show(const ExchangePtr& exchange, ipc::SessionShow& asked);

// session_acts.cc
/// Restricting acts (pause, suspend, terminate) are never held up by a disk: the gate is shut before the event is
/// written. Loosening ones wait for it.
void session_control(const ExchangePtr& exchange, ipc::SessionControl& asked);

// watch.cc
void session_watch(const ExchangePtr& exchange, ipc::SessionWatch& asked);

// recordings.cc
void recording_list(const ExchangePtr& exchange, ipc::RecordingList& asked);

// recording_open.cc
/// Descriptors and keys for the caller, who does all the parsing.
void recording_open(const ExchangePtr& exchange, ipc::RecordingOpen& asked);

// audit_read.cc
void audit_read(const ExchangePtr& exchange, ipc::AuditRead& asked);

// audit_checks.cc
void audit_verify(const ExchangePtr& exchange, ipc::AuditVerify& asked);
void audit_head(const ExchangePtr& exchange, ipc::AuditHead& asked);

// requests.cc
void request_create(const ExchangePtr& exchange, ipc::RequestCreate& asked);
void request_list(const ExchangePtr& exchange, ipc::RequestList& asked);
void request_show(const ExchangePtr& exchange, ipc::RequestShow& asked);
void request_vote(const ExchangePtr& exchange, ipc::RequestVote& asked);
/// Cancels what waits, ends what was approved, and with it the sessions under it.
void request_close(const ExchangePtr& exchange, ipc::RequestClose& asked);
void request_review(const ExchangePtr& exchange, ipc::RequestReview& asked);

// changes.cc
void change_list(const ExchangePtr& exchange, ipc::ChangeList& asked);
void change_show(const ExchangePtr& exchange, ipc::ChangeShow& asked);
/// Carries the change out, or denies it. One that does not fit what is stored any more is carried out in no part.
void change_decide(const ExchangePtr& exchange, ipc::ChangeDecide& asked);
void change_cancel(const ExchangePtr& exchange, ipc::ChangeCancel& asked);
void change_review(const ExchangePtr& exchange, ipc::ChangeReview& asked);

// invites.cc
/// The answer holds the code, for the sponsor to pass on. It is kept as a hash.
void invite_create(const ExchangePtr& exchange, ipc::InviteCreate& asked);
void invite_list(const ExchangePtr& exchange, ipc::InviteList& asked);
void invite_show(const ExchangePtr& exchange, ipc::InviteShow& asked);
/// Ends it, and what is open under it.
void invite_revoke(const ExchangePtr& exchange, ipc::InviteRevoke& asked);

// resource_history.cc
void resource_history(const ExchangePtr& exchange, ipc::ResourceHistory& asked);
void resource_diff(const ExchangePtr& exchange, ipc::ResourceDiff& asked);

// policies.cc
void policy_test(const ExchangePtr& exchange, ipc::PolicyTest& asked);
void policy_lint(const ExchangePtr& exchange, PolicyLint& asked);

// policy_replay.cc
void policy_replay(const ExchangePtr& exchange, PolicyReplay& asked);

// node.cc
void node_status(const ExchangePtr& exchange, ipc::NodeStatus& asked);

}  // namespace sallyport::broker::api
