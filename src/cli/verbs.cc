// SPDX-License-Identifier: Apache-2.0
// The order in which help shows the verbs.
#include "cli/verbs.h"

namespace sallyport::cli {

void add_all_verbs(CommandLine& line) {
  const Command root = line.root();
  add_node_verbs(root);
  add_resource_verbs(root);
  add_import_verbs(root);
  add_target_verbs(root);
  add_credential_verbs(root);
  add_session_verbs(root);
  add_recording_verbs(root);
  add_audit_verbs(root);
  add_policy_verbs(root);
  add_request_verbs(root);
  add_change_verbs(root);
  add_invite_verbs(root);
  add_completion_verb(root, line);
}

}  // namespace sallyport::cli
