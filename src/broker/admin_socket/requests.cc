// SPDX-License-Identifier: Apache-2.0
// One case an operation.
#include "broker/admin_socket/requests.h"

#include <utility>

#include "ipc/admin.pb.h"

namespace sallyport::broker::admin_socket {

std::optional<api::Request> request_in(ipc::AdminRequest& message) {
  using Asks = ipc::AdminRequest;
  switch (message.kind_case()) {
    case Asks::kGet:
      return std::move(*message.mutable_get());
    case Asks::kDelete:
      return std::move(*message.mutable_delete_());
    case Asks::kSetPassword:
      return std::move(*message.mutable_set_password());
    case Asks::kAddKey:
      return std::move(*message.mutable_add_key());
    case Asks::kEnrollTotp:
      return std::move(*message.mutable_enroll_totp());
    case Asks::kConfirmTotp:
      return std::move(*message.mutable_confirm_totp());
    case Asks::kRemoveTotp:
      return std::move(*message.mutable_remove_totp());
    case Asks::kShowUser:
      return std::move(*message.mutable_show_user());
    case Asks::kSetSecret:
      return std::move(*message.mutable_set_secret());
    case Asks::kShowCa:
      return std::move(*message.mutable_show_ca());
    case Asks::kSessionList:
      return std::move(*message.mutable_session_list());
    case Asks::kSessionShow:
      return std::move(*message.mutable_session_show());
    case Asks::kSessionControl:
      return std::move(*message.mutable_session_control());
    case Asks::kSessionWatch:
      return std::move(*message.mutable_session_watch());
    case Asks::kRecordingList:
      return std::move(*message.mutable_recording_list());
    case Asks::kRecordingOpen:
      return std::move(*message.mutable_recording_open());
    case Asks::kAuditRead:
      return std::move(*message.mutable_audit_read());
    case Asks::kAuditVerify:
      return std::move(*message.mutable_audit_verify());
    case Asks::kAuditHead:
      return std::move(*message.mutable_audit_head());
    case Asks::kPolicyTest:
      return std::move(*message.mutable_policy_test());
    case Asks::kNodeStatus:
      return std::move(*message.mutable_node_status());
    case Asks::kRotateMasterKey:
      return std::move(*message.mutable_rotate_master_key());
    case Asks::kTargetScan:
      return std::move(*message.mutable_target_scan());
    case Asks::kRequestCreate:
      return std::move(*message.mutable_request_create());
    case Asks::kRequestList:
      return std::move(*message.mutable_request_list());
    case Asks::kRequestShow:
      return std::move(*message.mutable_request_show());
    case Asks::kRequestVote:
      return std::move(*message.mutable_request_vote());
    case Asks::kRequestClose:
      return std::move(*message.mutable_request_close());
    case Asks::kResourceHistory:
      return std::move(*message.mutable_resource_history());
    case Asks::kResourceDiff:
      return std::move(*message.mutable_resource_diff());
    case Asks::kPolicyLint:
      return api::PolicyLint{};
    case Asks::kPolicyReplay:
      return api::PolicyReplay{{}, std::move(*message.mutable_policy_replay())};
    case Asks::kRequestReview:
      return std::move(*message.mutable_request_review());
    case Asks::kChangeList:
      return std::move(*message.mutable_change_list());
    case Asks::kChangeShow:
      return std::move(*message.mutable_change_show());
    case Asks::kChangeDecide:
      return std::move(*message.mutable_change_decide());
    case Asks::kChangeCancel:
      return std::move(*message.mutable_change_cancel());
    case Asks::kChangeReview:
      return std::move(*message.mutable_change_review());
    case Asks::kInviteCreate:
      return std::move(*message.mutable_invite_create());
    case Asks::kInviteList:
      return std::move(*message.mutable_invite_list());
    case Asks::kInviteShow:
      return std::move(*message.mutable_invite_show());
    case Asks::kInviteRevoke:
      return std::move(*message.mutable_invite_revoke());
    case Asks::kApplyItem:
    case Asks::kApplyCommit:
    case Asks::kCancel:
    case Asks::KIND_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace sallyport::broker::admin_socket
