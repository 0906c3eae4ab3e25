// SPDX-License-Identifier: Apache-2.0
// Dispatch of the broker's messages, key exchange, login and keepalives.
#include "back/ssh/back_worker.h"

#include "base/escape.h"
#include "leg/ssh/kex_evidence.h"

namespace sallyport::back::ssh {

namespace {

using base::Errc;
using base::fail;

constexpr std::size_t kMaxEndedReason = 1024;
constexpr std::size_t kMaxSaidBytes = 256;
// Keepalives that a target may leave unanswered, as OpenSSH's ServerAliveCountMax.
constexpr unsigned kMaxUnanswered = 3;

std::vector<std::string> strings(const google::protobuf::RepeatedPtrField<std::string>& list) {
  return {list.begin(), list.end()};
}

}  // namespace

base::Status BackWorker::on_control(base::ByteView bytes, std::span<base::Fd> fds) {
  ipc::BrokerToBack message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupt, "malformed message");
  }
  using Kind = ipc::BrokerToBack;
  if (message.kind_case() == Kind::kStart) return start(message.start());
  if (!has_transport()) return fail(Errc::corrupt, "a message before the start");
  switch (message.kind_case()) {
    case Kind::kHostAccepted:
      return host_accepted(message.host_accepted());
    case Kind::kLoginStep:
    case Kind::kLoginAnswers: {
      // The message may hold a password: the copy it came in is overwritten too. The link's buffer is nobody else's.
      base::wipe(const_cast<std::uint8_t*>(bytes.data()), bytes.size());
      if (!login_) return fail(Errc::corrupt, "login is over");
      return after_login(message.kind_case() == Kind::kLoginStep ? login_->step(*message.mutable_login_step())
                                                                 : login_->answers(*message.mutable_login_answers()));
    }
    case Kind::kTerminate:
      disconnect(codec::ssh::DisconnectReason::by_application, "session over", "terminated", leg::Ending::clean);
      return {};
    case Kind::kRekey:
      transport().request_rekey();
      return {};
    case Kind::kRecorded:
      if (bulk() == nullptr) return fail(Errc::corrupt, "a block is recorded that was never told");
      return static_cast<Bulk*>(bulk())->recorded(message.recorded().up_to());
    default:
      if (draining()) return {};  // about a target that is gone
      return live() ? live_control(message, fds) : fail(Errc::corrupt, "a message out of phase");
  }
}

base::Status BackWorker::live_control(const ipc::BrokerToBack& message, std::span<base::Fd> fds) {
  using Kind = ipc::BrokerToBack;
  switch (message.kind_case()) {
    case Kind::kCredit:
      return relay().far_credit(message.credit().channel(), message.credit().bytes());
    case Kind::kBulkStart:
      return start_bulk(message.bulk_start(), fds);
    default:
      return fail(Errc::corrupt, "a message that no back takes");
  }
}

base::Status BackWorker::start(const ipc::BackStart& start) {
  if (has_transport()) return fail(Errc::corrupt, "a second start");
  codec::ssh::TransportConfig config;
  config.role = codec::ssh::Role::client;
  config.version = start.client_version();
  config.kex = strings(start.algorithms().kex());
  config.ciphers = strings(start.algorithms().ciphers());
  config.macs = strings(start.algorithms().macs());
  config.host_key_algorithms = strings(start.host_key_algorithms());
  if (start.rekey_bytes() > 0) config.rekey_bytes = start.rekey_bytes();
  bulk_hash_ = start.bulk_hash();
  keepalive_seconds_ = start.keepalive_seconds();
  open_transport(std::move(config), start.rekey_seconds());
  login_.emplace(transport(), port());
  return {};
}

base::Status BackWorker::demand(codec::ssh::EventKind kind) {
  if (kind != codec::ssh::EventKind::need_host_check) return fail(Errc::internal, "a demand of the other role");
  ipc::BackToBroker message;
  leg::ssh::to_message(transport().kex_evidence(), *message.mutable_host_proof()->mutable_inputs());
  message.mutable_host_proof()->set_signature(base::to_text(transport().kex_evidence().signature));
  port().send_secret_control(message);
  leg::ssh::wipe(*message.mutable_host_proof()->mutable_inputs());
  return {};
}

base::Status BackWorker::host_accepted(const ipc::HostAccepted& accepted) {
  if (draining()) return {};  // the exchange ended with the connection
  auto taken = transport().answer_host_check(base::view(accepted.exchange_hash()));
  peer().wake();
  return taken;
}

base::Status BackWorker::peer_event(codec::ssh::EventKind kind) {
  if (auto s = Worker::peer_event(kind); !s) return s;
  if (kind != codec::ssh::EventKind::keys_changed || login_started_) return {};
  login_started_ = true;
  return login_->start();
}

base::Status BackWorker::before_live(base::ByteView payload) {
  auto outcome = login_->peer_message(payload);
  if (!outcome) return base::pass(outcome);
  return after_login(std::move(outcome));
}

base::Status BackWorker::after_login(base::Result<Login::Outcome> outcome) {
  if (!outcome) return base::pass(outcome);
  if (*outcome == Login::Outcome::going_on) return {};
  const bool ok = *outcome == Login::Outcome::succeeded;
  ipc::BackToBroker message;
  message.mutable_login_done()->set_ok(ok);
  message.mutable_login_done()->set_banner(login_->banner());
  message.mutable_login_done()->set_target_software(transport().peer_version());
  port().send_control(message);
  login_.reset();
  if (!ok) {
    disconnect(codec::ssh::DisconnectReason::no_more_auth_methods, "nothing left to try", "login refused",
               leg::Ending::clean);
    return {};
  }
  go_live(0);
  if (keepalive_seconds_ > 0) watch_peer(keepalive_seconds_, kMaxUnanswered, "the target does not answer");
  return {};
}

std::unique_ptr<leg::ssh::BulkPath> BackWorker::make_bulk_path() {
  return std::make_unique<Bulk>(loop(), clock(), relay(), port(), bulk_hash_ ? BulkHash::on : BulkHash::off);
}

void BackWorker::tell_ended(const std::string& reason, leg::Ending how) {
  ipc::BackToBroker message;
  message.mutable_ended()->set_reason(base::escape_for_terminal(reason, kMaxEndedReason));
  message.mutable_ended()->set_clean(how == leg::Ending::clean);
  if (!live() && peer_end()) tell_fault(message.ended().reason());
  port().send_control(message);
}

// Of a target that never let us in: the user is told what is wrong with it, and each kind has another remedy.
void BackWorker::tell_fault(const std::string& reason) {
  using Kind = codec::ssh::PeerGreeting::Kind;
  using leg::ssh::PeerEnd;
  const auto say = [&](ipc::PeerFault fault, std::string_view said) {
    ipc::BackToBroker message;
    message.mutable_target_fault()->set_fault(fault);
    message.mutable_target_fault()->set_said(base::escape_for_terminal(said, kMaxSaidBytes));
    port().send_control(message);
  };
  const codec::ssh::PeerGreeting& greeting = transport().peer_greeting();
  if (transport().peer_version().empty()) {
    switch (greeting.kind) {
      case Kind::none:
        return say(ipc::PEER_FAULT_SILENT, "");
      case Kind::words:
        return say(ipc::PEER_FAULT_OTHER_WORDS, greeting.line);
      case Kind::http:
        return say(ipc::PEER_FAULT_HTTP, greeting.line);
      case Kind::old_ssh:
        return say(ipc::PEER_FAULT_OLD_SSH, greeting.line);
      case Kind::endless:
        return say(ipc::PEER_FAULT_ENDLESS, greeting.line);
    }
  }
  switch (*peer_end()) {
    case PeerEnd::disconnected:
      return say(ipc::PEER_FAULT_DISCONNECTED, transport().peer_disconnect().text);
    case PeerEnd::closed:
      return say(ipc::PEER_FAULT_CLOSED, "");
    case PeerEnd::lost:
      return say(ipc::PEER_FAULT_LOST, reason);
    case PeerEnd::breach: {
      const base::Error* failure = transport().failure();
      const bool nothing_common = failure != nullptr && failure->code == Errc::denied;
      return say(nothing_common ? ipc::PEER_FAULT_NOTHING_COMMON : ipc::PEER_FAULT_BREACH, reason);
    }
  }
}

}  // namespace sallyport::back::ssh
