// SPDX-License-Identifier: Apache-2.0
// The verbs, one function a group; each declares its arguments and what it does. Trusted side.
#pragma once

#include "cli/command.h"

namespace sallyport::cli {

void add_node_verbs(Command root);        ///< serve, doctor, status, master-key
void add_resource_verbs(Command root);    ///< apply, get, delete
void add_import_verbs(Command root);      ///< import ansible, csv, ssh-config
void add_target_verbs(Command root);      ///< target scan
void add_credential_verbs(Command root);  ///< user, account, ca
void add_factor_verbs(Command user);      ///< user enroll-totp, remove-totp, show
void add_session_verbs(Command root);     ///< session …
void add_recording_verbs(Command root);   ///< recording …
void add_audit_verbs(Command root);       ///< audit …
void add_policy_verbs(Command root);      ///< policy test
void add_request_verbs(Command root);     ///< request …
void add_change_verbs(Command root);      ///< change …
void add_invite_verbs(Command root);      ///< invite …
void add_role_verb(Command user);         ///< user set-role
/// completion; last, because it describes the others. `line` must outlive the run.
void add_completion_verb(Command root, const CommandLine& line);

/// The whole tree.
void add_all_verbs(CommandLine& line);

}  // namespace sallyport::cli
