// SPDX-License-Identifier: Apache-2.0
// What can be asked of a gateway, as values: one type an operation. Trusted side. What is in them is the caller's.
#pragma once

#include <variant>
#include <vector>

#include "broker/api/wish.h"
#include "ipc/api.pb.h"

namespace sallyport::broker::api {

/// Several resources, applied whole or not at all.
struct Apply {
  std::vector<ipc::ApplyItem> items;
  bool dry_run = false;
  Wish wish = {};
};

/// What deserves a look among the policies, as they would be with these resources.
struct PolicyLint {
  std::vector<ipc::ApplyItem> items;
};

/// Which past sessions would have been refused with these resources.
struct PolicyReplay {
  std::vector<ipc::ApplyItem> items;
  ipc::PolicyReplay asked;
};

using Request =
    std::variant<Apply, ipc::GetResource, ipc::DeleteResource, ipc::TargetScan, ipc::SetPassword, ipc::AddKey,
                 ipc::EnrollTotp, ipc::ConfirmTotp, ipc::RemoveTotp, ipc::ShowUser, ipc::SetSecret, ipc::ShowCa,
                 ipc::RotateMasterKey, ipc::SessionList, ipc::SessionShow, ipc::SessionControl, ipc::SessionWatch,
                 ipc::RecordingList, ipc::RecordingOpen, ipc::AuditRead, ipc::AuditVerify, ipc::AuditHead,
                 ipc::PolicyTest, ipc::RequestCreate, ipc::RequestList, ipc::RequestShow, ipc::RequestVote,
                 ipc::RequestClose, ipc::RequestReview, ipc::ChangeList, ipc::ChangeShow, ipc::ChangeDecide,
                 ipc::ChangeCancel, ipc::ChangeReview, ipc::NodeStatus, ipc::ResourceHistory, ipc::ResourceDiff,
                 PolicyLint, PolicyReplay, ipc::InviteCreate, ipc::InviteList, ipc::InviteShow, ipc::InviteRevoke>;

}  // namespace sallyport::broker::api
