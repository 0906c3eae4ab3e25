// SPDX-License-Identifier: Apache-2.0
// The web front's table, and the signature.
#include "broker/web/web_link.h"

#include <utility>

#include "base/escape.h"
#include "base/log.h"
#include "broker/node/phase_table.h"
#include "ipc/web.pb.h"

namespace sallyport::broker {

namespace {
constexpr unsigned kMostLogLines = 16;
constexpr std::size_t kMaxLogText = 512;
}  // namespace

struct WebLink::Table {
  using Message = ipc::WebToBroker;
  using Row = Rule<WebLink, Message>;
  static constexpr std::size_t kPart = 60 * 1024;  // head fields are 16 KiB at most, a part of a body 40 KiB
  static constexpr Row rows[] = {
      {Message::kSign, Handshake, Often::once, 2048, &WebLink::on_sign, "sign"},
      {Message::kRequest, Open, Often::many, kPart, &WebLink::on_request, "request"},
      {Message::kBody, Open, Often::many, kPart, &WebLink::on_body, "body"},
      {Message::kFrame, Open, Often::many, 40 * 1024, &WebLink::on_frame, "frame"},
      {Message::kTyped, Open, Often::many, 40 * 1024, &WebLink::on_terminal, "typed"},
      {Message::kResize, Open, Often::many, 64, &WebLink::on_terminal, "resize"},
      {Message::kTaken, Open, Often::many, 64, &WebLink::on_terminal, "taken"},
      {Message::kProof, Open, Often::many, 4096, &WebLink::on_terminal, "proof"},
      {Message::kLogLine, Any, Often::many, 4096, &WebLink::on_log_line, "log_line"},
      {Message::kEnded, Any, Often::once, 4096, &WebLink::on_ended, "ended"},
  };
};

WebLink::WebLink(SessionThread& thread, SpawnedWorker spawned, WebOwner& owner,
                 std::shared_ptr<const PortalIdentity::Current> identity)
    : owner_(owner), worker_(thread, std::move(spawned)), identity_(std::move(identity)) {}

void WebLink::start(Peer peer) {
  worker_.start({[this](ipc::MessageKind kind, base::ByteView payload) { on_message(kind, payload); },
                 [this](const std::string& fault) { owner_.web_ended(reason_, fault); },
                 [this] { owner_.web_drained(); }});
  ipc::BrokerToWeb message;
  for (const base::Bytes& der : identity_->chain) message.mutable_start()->add_chain(der.data(), der.size());
  message.mutable_start()->set_one_request(peer == Peer::proxy);
  send(message);
}

void WebLink::send(const ipc::BrokerToWeb& message) {
  worker_.send_control(message);
}

void WebLink::on_message(ipc::MessageKind kind, base::ByteView payload) {
  if (kind != ipc::MessageKind::control) return kill("an event of a front that has none");
  ipc::WebToBroker message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return kill("malformed message");
  std::string reason;
  const auto* rule = allowed(Table::rows, message.kind_case(), phase_, payload.size(), seen_, reason);
  if (rule == nullptr) return kill(reason);
  (this->*rule->handle)(message);
}

// Once for each worker, and each worker is one connection: what it can have signed is one handshake.
void WebLink::on_sign(ipc::WebToBroker& message) {
  const ipc::WebSignatureDue& due = message.sign();
  if (due.kind() > 2 || due.hash() > 3) return kill("a signature of no known kind");
  const auto signature = identity_->key.sign(static_cast<keys::TlsKey::Kind>(due.kind()),
                                             static_cast<keys::TlsKey::Hash>(due.hash()), base::view(due.bytes()));
  if (!signature) return kill("bad handshake: " + signature.message());
  phase_ = Open;
  ipc::BrokerToWeb answer;
  answer.mutable_signed_()->set_signature(signature->data(), signature->size());
  send(answer);
}

void WebLink::on_request(ipc::WebToBroker& message) {
  owner_.web_request(*message.mutable_request());
}

void WebLink::on_body(ipc::WebToBroker& message) {
  owner_.web_body(*message.mutable_body());
}

void WebLink::on_frame(ipc::WebToBroker& message) {
  owner_.web_frame(*message.mutable_frame());
}

void WebLink::on_terminal(ipc::WebToBroker& message) {
  owner_.web_terminal(message);
}

void WebLink::on_log_line(ipc::WebToBroker& message) {
  if (++log_lines_ > kMostLogLines) return;
  base::log_warning("a web front says: " + base::escape_for_terminal(message.log_line().text(), kMaxLogText));
}

void WebLink::on_ended(ipc::WebToBroker& message) {
  reason_ = base::escape_for_terminal(message.ended().reason(), kMaxLogText);
}

}  // namespace sallyport::broker
