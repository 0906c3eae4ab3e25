// SPDX-License-Identifier: Apache-2.0
// The back's table, and the check of its target's proofs.
#include "broker/ssh/back_link.h"

#include "base/escape.h"
#include "base/log.h"
#include "broker/node/phase_table.h"
#include "broker/ssh/kex_inputs.h"
#include "ipc/ssh_back.pb.h"

namespace sallyport::broker {

struct BackLink::Table {
  using Message = ipc::BackToBroker;
  using Row = Rule<BackLink, Message>;
  static constexpr std::size_t small = 4096;
  static constexpr Row rows[] = {
      {Message::kHostProof, Kex | Live, Often::many, 60 * 1024, &BackLink::on_host_proof, "host_proof"},
      {Message::kLoginWanted, Login, Often::many, 16 * 1024, &BackLink::on_login_wanted, "login_wanted"},
      {Message::kLoginPrompts, Login, Often::many, 16 * 1024, &BackLink::on_login_prompts, "login_prompts"},
      {Message::kLoginDone, Login, Often::once, 16 * 1024, &BackLink::on_login_done, "login_done"},
      {Message::kCredit, Live, Often::many, 64, &BackLink::on_credit, "credit"},
      {Message::kLogLine, Any, Often::many, small, &BackLink::on_log_line, "log_line"},
      {Message::kTargetFault, Kex | Login, Often::once, small, &BackLink::on_target_fault, "target_fault"},
      {Message::kEnded, Any, Often::once, small, &BackLink::on_ended, "ended"},
  };
};

BackLink::BackLink(const base::Clock& clock, SessionThread& thread, SpawnedWorker spawned, BackOwner& owner,
                   policy::Target target, std::string client_version)
    : clock_(clock),
      owner_(owner),
      worker_(thread, std::move(spawned)),
      target_(std::move(target)),
      client_version_(std::move(client_version)) {}

void BackLink::start(const ipc::BackStart& start) {
  worker_.start({[this](ipc::MessageKind kind, base::ByteView payload) { on_message(kind, payload); },
                 [this](const std::string& fault) { owner_.back_ended(reason_, clean_, fault); },
                 [this] { owner_.back_drained(); }});
  ipc::BrokerToBack message;
  *message.mutable_start() = start;
  send(message);
}

void BackLink::send(const ipc::BrokerToBack& message, std::span<const int> fds) {
  worker_.send_control(message, fds);
}

void BackLink::on_message(ipc::MessageKind kind, base::ByteView payload) {
  if (kind == ipc::MessageKind::event) {
    if (phase_ != Live) return kill("event out of phase");
    return owner_.back_event(payload);
  }
  ipc::BackToBroker message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return kill("malformed message");
  std::string reason;
  const auto* rule = allowed(Table::rows, message.kind_case(), phase_, payload.size(), seen_, reason);
  if (rule == nullptr) return kill(reason);
  (this->*rule->handle)(message);
}

void BackLink::on_host_proof(ipc::BackToBroker& message) {
  ipc::HostProof& proof = *message.mutable_host_proof();
  if (phase_ == Live && !rekeys_.take(clock_.monotonic_us())) return kill("too many key exchanges");
  auto proven = check_host(target_, proof, client_version_, clock_.now_us());
  wipe_secret(*proof.mutable_inputs());
  if (!proven) {
    kill("");
    return owner_.back_host_refused(proven.error());
  }
  ipc::BrokerToBack answer;
  answer.mutable_host_accepted()->set_exchange_hash(proven->exchange_hash.data(), proven->exchange_hash.size());
  if (phase_ == Kex) {
    host_ = std::move(*proven);  // a later H never becomes a session id
    phase_ = Login;
  }
  send(answer);
}

void BackLink::on_login_wanted(ipc::BackToBroker& m) {
  owner_.back_login_wanted(*m.mutable_login_wanted());
}
void BackLink::on_login_prompts(ipc::BackToBroker& m) {
  owner_.back_login_prompts(*m.mutable_login_prompts());
}
void BackLink::on_login_done(ipc::BackToBroker& m) {
  owner_.back_login_done(*m.mutable_login_done());
}
void BackLink::on_credit(ipc::BackToBroker& m) {
  owner_.back_credit(*m.mutable_credit());
}

void BackLink::on_log_line(ipc::BackToBroker& m) {
  if (++log_lines_ <= kMaxLogLines) base::log_info("back: " + m.log_line().text());
}

void BackLink::on_ended(ipc::BackToBroker& m) {
  reason_ = base::escape_for_terminal(m.ended().reason(), 256);
  clean_ = m.ended().clean();
}

void BackLink::on_target_fault(ipc::BackToBroker& m) {
  peer_fault_ = m.target_fault().fault();
  peer_said_ = base::cut_utf8(base::mask_for_terminal(m.target_fault().said()), 256);
}

}  // namespace sallyport::broker
