// SPDX-License-Identifier: Apache-2.0
// The table of operations.
#include "broker/api/operations.h"

#include <algorithm>
#include <string>
#include <type_traits>

namespace sallyport::broker::api {
namespace {

using policy::Role;

constexpr Roles kAdministrators{Role::administrator};
constexpr Roles kReaders{Role::administrator, Role::auditor};
constexpr Roles kEveryUser{Role::user};
// Which requests they may decide or end, the request says (policy/access_request.h).
constexpr Roles kDeciders{Role::user, Role::administrator};
constexpr Roles kNobody{};

// A row and the type of its request: the table is made in the order of Request, whatever the order of the rows.
template <class Type>
struct Row {
  using Asked = Type;
  Operation operation;
};

template <std::size_t I, class First, class... Rest>
constexpr Operation row_of(const First& first, const Rest&... rest) {
  if constexpr (std::is_same_v<typename First::Asked, std::variant_alternative_t<I, Request>>) {
    return first.operation;
  } else {
    static_assert(sizeof...(Rest) != 0, "an operation has no row");
    return row_of<I>(rest...);
  }
}

template <class... Rows, std::size_t... I>
constexpr std::array<Operation, kOperations> in_order(std::index_sequence<I...>, const Rows&... rows) {
  static_assert(sizeof...(Rows) == kOperations, "one row an operation");
  return {row_of<I>(rows...)...};
}

template <class... Rows>
constexpr std::array<Operation, kOperations> table_of(const Rows&... rows) {
  return in_order(std::make_index_sequence<kOperations>(), rows...);
}

}  // namespace

// Opening a recording holds up to 65 descriptors: one at a time for a client that may have 32 of weight 1.
constexpr std::array<Operation, kOperations> kOperationTable =
    table_of(Row<Apply>{{"resource.apply", kAdministrators, kNobody, Proof::any, 4}},    //
             Row<ipc::GetResource>{{"resource.get", kReaders, kNobody, Proof::any, 1}},  //
             Row<ipc::DeleteResource>{{"resource.delete", kAdministrators, kNobody, Proof::any, 1}},
             Row<ipc::TargetScan>{{"target.scan", kAdministrators, kNobody, Proof::any, 1}},
             Row<ipc::SetPassword>{{"user.set-password", kAdministrators, kNobody, Proof::fresh, 1}},
             Row<ipc::AddKey>{{"user.add-key", kAdministrators, kNobody, Proof::fresh, 1}},
             Row<ipc::EnrollTotp>{{"user.enroll-totp", kAdministrators, kNobody, Proof::fresh, 1}},
             Row<ipc::ConfirmTotp>{{"user.confirm-totp", kAdministrators, kNobody, Proof::fresh, 1}},
             Row<ipc::RemoveTotp>{{"user.remove-totp", kAdministrators, kNobody, Proof::fresh, 1}},
             Row<ipc::ShowUser>{{"user.show", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::SetSecret>{{"account.set-secret", kAdministrators, kNobody, Proof::fresh, 1}},
             Row<ipc::ShowCa>{{"ca.show", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::RotateMasterKey>{{"vault.rotate", kAdministrators, kNobody, Proof::fresh, 1}},
             Row<ipc::SessionList>{{"session.list", kReaders, kEveryUser, Proof::any, 1}},
             Row<ipc::SessionShow>{{"session.show", kReaders, kEveryUser, Proof::any, 1}},
             Row<ipc::SessionControl>{{"session.control", kAdministrators, kNobody, Proof::any, 1}},
             Row<ipc::SessionWatch>{{"session.watch", kReaders, kEveryUser, Proof::any, 1}},
             Row<ipc::RecordingList>{{"recording.list", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::RecordingOpen>{{"recording.open", kReaders, kNobody, Proof::any, 17}},
             Row<ipc::AuditRead>{{"audit.read", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::AuditVerify>{{"audit.verify", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::AuditHead>{{"audit.head", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::PolicyTest>{{"policy.test", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::ResourceHistory>{{"resource.history", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::ResourceDiff>{{"resource.diff", kReaders, kNobody, Proof::any, 1}},
             Row<PolicyLint>{{"policy.lint", kReaders, kNobody, Proof::any, 4}},
             Row<PolicyReplay>{{"policy.replay", kReaders, kNobody, Proof::any, 4}},
             Row<ipc::RequestCreate>{{"request.create", kAdministrators, kEveryUser, Proof::any, 1}},
             Row<ipc::RequestList>{{"request.list", kReaders, kEveryUser, Proof::any, 1}},
             Row<ipc::RequestShow>{{"request.show", kReaders, kEveryUser, Proof::any, 1}},
             Row<ipc::RequestVote>{{"request.vote", kNobody, kDeciders, Proof::any, 1}},
             Row<ipc::RequestClose>{{"request.close", kNobody, kDeciders, Proof::any, 1}},
             Row<ipc::RequestReview>{{"request.review", kNobody, kDeciders, Proof::any, 1}},
             Row<ipc::ChangeList>{{"change.list", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::ChangeShow>{{"change.show", kReaders, kNobody, Proof::any, 1}},
             Row<ipc::ChangeDecide>{{"change.decide", kAdministrators, kNobody, Proof::fresh, 1}},
             Row<ipc::ChangeCancel>{{"change.cancel", kAdministrators, kNobody, Proof::any, 1}},
             Row<ipc::ChangeReview>{{"change.review", kAdministrators, kNobody, Proof::any, 1}},
             Row<ipc::InviteCreate>{{"invite.create", kAdministrators, kEveryUser, Proof::fresh, 1}},
             Row<ipc::InviteList>{{"invite.list", kReaders, kEveryUser, Proof::any, 1}},
             Row<ipc::InviteShow>{{"invite.show", kReaders, kEveryUser, Proof::any, 1}},
             Row<ipc::InviteRevoke>{{"invite.revoke", kAdministrators, kEveryUser, Proof::any, 1}},
             Row<ipc::NodeStatus>{{"node.status", kReaders, kNobody, Proof::any, 1}});

const Operation& operation_of(const Request& request) {
  return kOperationTable.at(request.index());
}

bool reaches_everything(const Caller& caller, const Operation& operation) {
  return caller.roles.any_of(operation.roles);
}

base::Status check_access(const Caller& caller, const Operation& operation) {
  if (caller.roles.empty()) {
    return base::fail(base::Errc::denied, "'" + caller.actor +
                                              "' is no user of Sallyport: an administrator writes local_account: NAME "
                                              "into the resource of the user whose account it is");
  }
  if (!caller.roles.any_of(operation.roles) && !caller.roles.any_of(operation.own)) {
    std::string needed;
    for (const Role role : {Role::user, Role::approver, Role::auditor, Role::administrator}) {
      if (operation.roles.has(role) || operation.own.has(role))
        needed += (needed.empty() ? "" : " or ") + std::string(policy::to_string(role));
    }
    return base::fail(base::Errc::denied, std::string(operation.name) + " needs the role " + needed);
  }
  if (operation.proof == Proof::fresh && caller.proof_age_us > kFreshUs) {
    return base::fail(base::Errc::denied,
                      std::string(operation.name) + " needs a fresh login: authenticate again, then repeat it");
  }
  return {};
}

}  // namespace sallyport::broker::api
