// SPDX-License-Identifier: Apache-2.0
// From inputs to what is asked of the API, one function a route. Trusted side; pure. What is wrong stays in the inputs,
// whose finish() says it: what is made before that is not asked for.
#pragma once

#include "broker/api/request.h"
#include "broker/web/inputs.h"

namespace sallyport::broker::web {

// makers_sessions.cc
api::Request session_list(Inputs& in);
api::Request session_show(Inputs& in);
api::Request session_control(Inputs& in);
api::Request session_watch(Inputs& in);
api::Request recording_list(Inputs& in);
api::Request recording_play(Inputs& in);
api::Request recording_verify(Inputs& in);
api::Request audit_read(Inputs& in);
api::Request audit_head(Inputs& in);
api::Request audit_verify(Inputs& in);
api::Request node_status(Inputs& in);

// makers_requests.cc
api::Request request_list(Inputs& in);
api::Request request_create(Inputs& in);
api::Request request_show(Inputs& in);
api::Request request_approve(Inputs& in);
api::Request request_deny(Inputs& in);
api::Request request_close(Inputs& in);
api::Request request_review(Inputs& in);

// makers_invitations.cc
api::Request invite_list(Inputs& in);
api::Request invite_create(Inputs& in);
api::Request invite_show(Inputs& in);
api::Request invite_revoke(Inputs& in);

// makers_changes.cc
api::Request change_list(Inputs& in);
api::Request change_show(Inputs& in);
api::Request change_approve(Inputs& in);
api::Request change_deny(Inputs& in);
api::Request change_cancel(Inputs& in);
api::Request change_review(Inputs& in);

// makers_resources.cc
api::Request resources_apply(Inputs& in);
api::Request resource_list(Inputs& in);
api::Request resource_show(Inputs& in);
api::Request resource_put(Inputs& in);
api::Request resource_delete(Inputs& in);
api::Request resource_history(Inputs& in);
api::Request resource_diff(Inputs& in);
api::Request policy_test(Inputs& in);
api::Request policy_lint(Inputs& in);
api::Request policy_replay(Inputs& in);
api::Request target_scan(Inputs& in);

// makers_users.cc
api::Request user_show(Inputs& in);
api::Request user_set_password(Inputs& in);
api::Request user_add_key(Inputs& in);
api::Request user_enroll_totp(Inputs& in);
api::Request user_confirm_totp(Inputs& in);
api::Request user_remove_totp(Inputs& in);
api::Request account_set_secret(Inputs& in);
api::Request ca_show(Inputs& in);
api::Request master_key_rotate(Inputs& in);

}  // namespace sallyport::broker::web
