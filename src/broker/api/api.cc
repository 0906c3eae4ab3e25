// SPDX-License-Identifier: Apache-2.0
// The check, then the operation.
#include "broker/api/api.h"

#include "broker/api/handlers.h"
#include "broker/api/operations.h"

namespace sallyport::broker::api {
namespace {

struct Dispatch {
  const ExchangePtr& exchange;
  void operator()(Apply& asked) const { apply(exchange, asked); }
  void operator()(ipc::GetResource& asked) const { get_resource(exchange, asked); }
  void operator()(ipc::DeleteResource& asked) const { delete_resource(exchange, asked); }
  void operator()(ipc::TargetScan& asked) const { target_scan(exchange, asked); }
  void operator()(ipc::SetPassword& asked) const { set_password(exchange, asked); }
  void operator()(ipc::AddKey& asked) const { add_key(exchange, asked); }
  void operator()(ipc::EnrollTotp& asked) const { enroll_totp(exchange, asked); }
  void operator()(ipc::ConfirmTotp& asked) const { confirm_totp(exchange, asked); }
  void operator()(ipc::RemoveTotp& asked) const { remove_totp(exchange, asked); }
  void operator()(ipc::ShowUser& asked) const { show_user(exchange, asked); }
  void operator()(ipc::SetSecret& asked) const { set_secret(exchange, asked); }
  void operator()(ipc::ShowCa& asked) const { show_ca(exchange, asked); }
  void operator()(ipc::RotateMasterKey& asked) const { rotate_master_key(exchange, asked); }
  void operator()(ipc::SessionList& asked) const { session_list(exchange, asked); }
  void operator()(ipc::SessionShow& asked) const { session_show(exchange, asked); }
  void operator()(ipc::SessionControl& asked) const { session_control(exchange, asked); }
  void operator()(ipc::SessionWatch& asked) const { session_watch(exchange, asked); }
  void operator()(ipc::RecordingList& asked) const { recording_list(exchange, asked); }
  void operator()(ipc::RecordingOpen& asked) const { recording_open(exchange, asked); }
  void operator()(ipc::AuditRead& asked) const { audit_read(exchange, asked); }
  void operator()(ipc::AuditVerify& asked) const { audit_verify(exchange, asked); }
  void operator()(ipc::AuditHead& asked) const { audit_head(exchange, asked); }
  void operator()(ipc::PolicyTest& asked) const { policy_test(exchange, asked); }
  void operator()(ipc::RequestCreate& asked) const { request_create(exchange, asked); }
  void operator()(ipc::RequestList& asked) const { request_list(exchange, asked); }
  void operator()(ipc::RequestShow& asked) const { request_show(exchange, asked); }
  void operator()(ipc::RequestVote& asked) const { request_vote(exchange, asked); }
  void operator()(ipc::RequestClose& asked) const { request_close(exchange, asked); }
  void operator()(ipc::ResourceHistory& asked) const { resource_history(exchange, asked); }
  void operator()(ipc::ResourceDiff& asked) const { resource_diff(exchange, asked); }
  void operator()(PolicyLint& asked) const { policy_lint(exchange, asked); }
  void operator()(PolicyReplay& asked) const { policy_replay(exchange, asked); }
  void operator()(ipc::RequestReview& asked) const { request_review(exchange, asked); }
  void operator()(ipc::ChangeList& asked) const { change_list(exchange, asked); }
  void operator()(ipc::ChangeShow& asked) const { change_show(exchange, asked); }
  void operator()(ipc::ChangeDecide& asked) const { change_decide(exchange, asked); }
  void operator()(ipc::ChangeCancel& asked) const { change_cancel(exchange, asked); }
  void operator()(ipc::ChangeReview& asked) const { change_review(exchange, asked); }
  void operator()(ipc::InviteCreate& asked) const { invite_create(exchange, asked); }
  void operator()(ipc::InviteList& asked) const { invite_list(exchange, asked); }
  void operator()(ipc::InviteShow& asked) const { invite_show(exchange, asked); }
  void operator()(ipc::InviteRevoke& asked) const { invite_revoke(exchange, asked); }
  void operator()(ipc::NodeStatus& asked) const { node_status(exchange, asked); }
};

}  // namespace

Api::Api(Services& services, NodeFacts facts)
    : files_("api-files"),
      walks_("api-walks"),
      context_(std::make_shared<const Context>(Context{services, std::move(facts), files_, walks_})) {}

Api::~Api() = default;

ExchangePtr Api::begin(Caller caller, Request request, std::shared_ptr<ReplySink> sink) {
  const Operation& operation = operation_of(request);
  auto exchange = std::make_shared<Exchange>(context_, std::move(caller), operation, std::move(sink));
  if (exchange->may_begin()) std::visit(Dispatch{exchange}, request);
  return exchange;
}

}  // namespace sallyport::broker::api
