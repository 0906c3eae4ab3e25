// SPDX-License-Identifier: Apache-2.0
// What the admin socket can be asked, one function a verb; one file per group of verbs. Trusted side, main loop. A
// change, or an access to a recording, is an audit event before it takes effect; a denied one is none.
#pragma once

#include <string>
#include <vector>

#include "broker/admin/exchange.h"

namespace sallyport::broker::admin {

// resources.cc
/// All or nothing; one Item a resource: {kind, name, action, version}.
void apply(const ExchangePtr& exchange, std::vector<std::string> items, bool dry_run);
void get_resource(const ExchangePtr& exchange, ipc::AdminRequest& request);
void delete_resource(const ExchangePtr& exchange, ipc::AdminRequest& request);

// targets.cc
/// Connects to a target and says which host keys it proves, beside those on record. Changes nothing.
void target_scan(const ExchangePtr& exchange, ipc::AdminRequest& request);

// credentials.cc
void set_password(const ExchangePtr& exchange, ipc::AdminRequest& request);
void add_key(const ExchangePtr& exchange, ipc::AdminRequest& request);
void set_secret(const ExchangePtr& exchange, ipc::AdminRequest& request);
void show_ca(const ExchangePtr& exchange, ipc::AdminRequest& request);
void rotate_master_key(const ExchangePtr& exchange, ipc::AdminRequest& request);

// sessions.cc
void session_list(const ExchangePtr& exchange, ipc::AdminRequest& request);
void session_show(const ExchangePtr& exchange, ipc::AdminRequest& request);
/// Restricting acts (pause, suspend, terminate) are never held up by a disk: the gate is shut before the event is
/// written. Loosening ones wait for it.
void session_control(const ExchangePtr& exchange, ipc::AdminRequest& request);

// watch.cc
void session_watch(const ExchangePtr& exchange, ipc::AdminRequest& request);

// recordings.cc
void recording_list(const ExchangePtr& exchange, ipc::AdminRequest& request);
/// Descriptors and keys for the command line, which does all the parsing.
void recording_open(const ExchangePtr& exchange, ipc::AdminRequest& request);

// audit_requests.cc
void audit_read(const ExchangePtr& exchange, ipc::AdminRequest& request);
void audit_verify(const ExchangePtr& exchange, ipc::AdminRequest& request);
void audit_head(const ExchangePtr& exchange, ipc::AdminRequest& request);

// node.cc
void policy_test(const ExchangePtr& exchange, ipc::AdminRequest& request);
void node_status(const ExchangePtr& exchange, ipc::AdminRequest& request);

}  // namespace sallyport::broker::admin
