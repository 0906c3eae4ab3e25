// SPDX-License-Identifier: Apache-2.0
// Dispatch of the broker's messages, key exchange and authentication.
#include "front/ssh/front_worker.h"

#include "base/escape.h"
#include "front/ssh/bulk.h"
#include "leg/ssh/kex_evidence.h"

namespace sallyport::front::ssh {

namespace {

using base::Errc;
using base::fail;

constexpr std::size_t kMaxEndedReason = 1024;

std::vector<std::string> strings(const google::protobuf::RepeatedPtrField<std::string>& list) {
  return {list.begin(), list.end()};
}

}  // namespace

base::Status FrontWorker::on_control(base::ByteView bytes, std::span<base::Fd> fds) {
  ipc::BrokerToFront message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(Errc::corrupt, "malformed message");
  using Kind = ipc::BrokerToFront;
  if (message.kind_case() == Kind::kStart) return start(message.start());
  if (!has_transport()) return fail(Errc::corrupt, "a message before the start");
  switch (message.kind_case()) {
    case Kind::kKexSigned:
      return kex_signed(message.kex_signed());
    case Kind::kAuthReply:
      return auth_reply(message.auth_reply());
    case Kind::kTerminate:
      terminate(message.terminate());
      return {};
    case Kind::kRekey:
      transport().request_rekey();
      return {};
    default:
      return live() ? live_control(message, fds) : fail(Errc::corrupt, "a message out of phase");
  }
}

base::Status FrontWorker::live_control(const ipc::BrokerToFront& message, std::span<base::Fd> fds) {
  using Kind = ipc::BrokerToFront;
  switch (message.kind_case()) {
    case Kind::kTargetReady:
      target_ready(message.target_ready());
      return {};
    case Kind::kRefused:
      return refused(message.refused());
    case Kind::kMenu:
      return menu(message.menu());
    case Kind::kNotice:
      notice(message.notice());
      return {};
    case Kind::kAskPassword:
      ask_password(message.ask_password());
      return {};
    case Kind::kCredit:
      return relay().far_credit(message.credit().channel(), message.credit().bytes());
    case Kind::kBulkStart:
      return start_bulk(message.bulk_start(), fds);
    case Kind::kJumpReply:
      return jump_reply(message.jump_reply(), fds);
    case Kind::kHoldEvents:
      port().hold_events(message.hold_events().hold());
      peer().wake();
      return {};
    case Kind::kServiceReply:
      return service_reply(message.service_reply());
    default:
      return fail(Errc::corrupt, "a message that no front takes");
  }
}

base::Status FrontWorker::start(const ipc::FrontStart& start) {
  if (has_transport()) return fail(Errc::corrupt, "a second start");
  codec::ssh::TransportConfig config;
  config.role = codec::ssh::Role::server;
  config.version = start.server_version();
  config.version_line = start.version_sent() ? codec::ssh::VersionLine::already_sent : codec::ssh::VersionLine::to_send;
  config.kex = strings(start.algorithms().kex());
  config.ciphers = strings(start.algorithms().ciphers());
  config.macs = strings(start.algorithms().macs());
  config.host_key_algorithms = strings(start.host_key_algorithms());
  if (start.rekey_bytes() > 0) config.rekey_bytes = start.rekey_bytes();
  max_channels_ = start.max_channels();
  keepalive_seconds_ = start.keepalive_seconds();
  keepalive_unanswered_ = start.keepalive_unanswered();
  open_transport(std::move(config), start.rekey_seconds());
  authentication_.emplace(transport(), port());
  return {};
}

base::Status FrontWorker::demand(codec::ssh::EventKind kind) {
  if (kind != codec::ssh::EventKind::need_host_signature) return fail(Errc::internal, "a demand of the other role");
  if (!told_software_) {
    told_software_ = true;
    ipc::FrontToBroker message;
    message.mutable_client_software()->set_version(transport().peer_version());
    port().send_control(message);
  }
  ipc::FrontToBroker message;
  leg::ssh::to_message(transport().kex_evidence(), *message.mutable_sign_kex());
  port().send_secret_control(message);
  leg::ssh::wipe(*message.mutable_sign_kex());
  return {};
}

base::Status FrontWorker::kex_signed(const ipc::KexSigned& answer) {
  auto taken = transport().answer_host_signature(base::view(answer.host_key()), base::view(answer.exchange_hash()),
                                                 base::view(answer.signature()));
  peer().wake();
  return taken;
}

base::Status FrontWorker::before_live(base::ByteView payload) {
  return authentication_->peer_message(payload);
}

bool FrontWorker::role_holds_peer() const {
  return authentication_ && authentication_->waiting();
}

// A password that was asked for, on a terminal.
bool FrontWorker::role_awaits_peer() const {
  bool awaits = false;
  relay().for_each([&](RelayChannel& channel) {
    awaits = awaits || (channel.role && static_cast<const FrontChannel&>(*channel.role).prompt);
  });
  return awaits;
}

base::Status FrontWorker::auth_reply(const ipc::AuthReply& reply) {
  if (live()) return fail(Errc::corrupt, "authentication is over");
  auto outcome = authentication_->broker_reply(reply);
  if (!outcome) return base::pass(outcome);
  peer().wake();
  switch (*outcome) {
    case Authentication::Outcome::going_on:
      return {};
    case Authentication::Outcome::ended:
      finish("too many authentication failures", leg::Ending::clean);
      return {};
    case Authentication::Outcome::succeeded:
      break;
  }
  authentication_.reset();
  choosing_ = reply.success().needs_menu();
  go_live(max_channels_);
  if (keepalive_seconds_ > 0) watch_peer(keepalive_seconds_, keepalive_unanswered_, "the client does not answer");
  return {};
}

void FrontWorker::grant_far(std::uint32_t channel, std::uint32_t bytes) {
  ipc::FrontToBroker message;
  message.mutable_credit()->set_channel(channel);
  message.mutable_credit()->set_bytes(bytes);
  port().send_control(message);
}

std::unique_ptr<leg::ssh::BulkPath> FrontWorker::make_bulk_path() {
  return std::make_unique<Bulk>(loop(), clock(), relay());
}

void FrontWorker::tell_ended(const std::string& reason, leg::Ending how) {
  ipc::FrontToBroker message;
  message.mutable_ended()->set_reason(base::escape_for_terminal(reason, kMaxEndedReason));
  message.mutable_ended()->set_clean(how == leg::Ending::clean);
  port().send_control(message);
}

}  // namespace sallyport::front::ssh
