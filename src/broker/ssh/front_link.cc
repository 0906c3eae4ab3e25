// SPDX-License-Identifier: Apache-2.0
// The front's table, and the signing of key exchanges.
#include "broker/ssh/front_link.h"

#include <utility>

#include "base/escape.h"
#include "base/log.h"
#include "broker/node/phase_table.h"
#include "broker/ssh/kex_inputs.h"
#include "broker/ssh/legacy.h"
#include "ipc/ssh_front.pb.h"

namespace sallyport::broker {

namespace {
constexpr unsigned kRefusedStatus = 255;  // what ssh itself ends with when it could not connect
}  // namespace

struct FrontLink::Table {
  using Message = ipc::FrontToBroker;
  using Row = Rule<FrontLink, Message>;
  static constexpr std::size_t small = 4096;
  static constexpr Row rows[] = {
      {Message::kClientSoftware, Kex, Often::once, 512, &FrontLink::on_client_software, "client_software"},
      {Message::kSignKex, Kex | Live, Often::many, 60 * 1024, &FrontLink::on_sign_kex, "sign_kex"},
      {Message::kAuthRequest, Auth, Often::many, 16 * 1024, &FrontLink::on_auth_request, "auth_request"},
      {Message::kAuthAnswers, Auth, Often::many, 8 * 1024, &FrontLink::on_auth_answers, "auth_answers"},
      {Message::kCredit, Live, Often::many, 64, &FrontLink::on_credit, "credit"},
      {Message::kJumpOpen, Live, Often::many, small, &FrontLink::on_jump_open, "jump_open"},
      {Message::kMenuChoice, Live, Often::once, 64, &FrontLink::on_menu_choice, "menu_choice"},
      {Message::kReauthenticate, Live, Often::many, small, &FrontLink::on_reauthenticate, "reauthenticate"},
      {Message::kServiceCommand, Live, Often::many, small, &FrontLink::on_service_command, "service_command"},
      {Message::kLogLine, Any, Often::many, small, &FrontLink::on_log_line, "log_line"},
      {Message::kEnded, Any, Often::once, small, &FrontLink::on_ended, "ended"},
  };
};

FrontLink::FrontLink(const base::Clock& clock, SessionThread& thread, SpawnedWorker spawned, FrontOwner& owner,
                     Terms terms)
    : clock_(clock), owner_(owner), worker_(thread, std::move(spawned)), terms_(std::move(terms)) {}

void FrontLink::start(const ipc::FrontStart& start) {
  worker_.start({[this](ipc::MessageKind kind, base::ByteView payload) { on_message(kind, payload); },
                 [this](const std::string& fault) { owner_.front_ended(reason_, fault); },
                 [this] { owner_.front_drained(); }});
  ipc::BrokerToFront message;
  *message.mutable_start() = start;
  send(message);
}

void FrontLink::send(const ipc::BrokerToFront& message, std::span<const int> fds) {
  worker_.send_control(message, fds);
}

void FrontLink::ready(const TargetGreeting& greeting) {
  ipc::BrokerToFront message;
  message.mutable_target_ready()->set_banner(greeting.text);
  message.mutable_target_ready()->set_on_terminals_only(greeting.shown == TargetGreeting::Shown::on_terminals);
  send(message);
}

void FrontLink::refuse(const std::string& text) {
  ipc::BrokerToFront message;
  message.mutable_refused()->set_text(text);
  message.mutable_refused()->set_exit_status(kRefusedStatus);
  send(message);
}

void FrontLink::tell(const Notice& notice) {
  ipc::BrokerToFront message;
  message.mutable_notice()->set_text(notice.text);
  message.mutable_notice()->set_resumes(notice.session == Notice::Session::goes_on);
  message.mutable_notice()->set_waits(notice.session == Notice::Session::waits);
  message.mutable_notice()->set_one_channel(notice.channel.has_value());
  message.mutable_notice()->set_channel(notice.channel.value_or(0));
  send(message);
}

void FrontLink::ask_password(const std::string& prompt, Asked asked) {
  ipc::BrokerToFront message;
  message.mutable_ask_password()->set_prompt(prompt);
  message.mutable_ask_password()->set_again(asked == Asked::again);
  send(message);
}

void FrontLink::terminate(const std::string& text, Goodbye goodbye) {
  ipc::BrokerToFront message;
  message.mutable_terminate()->set_text(text);
  message.mutable_terminate()->set_last_words(goodbye == Goodbye::until_drained);
  send(message);
}

void FrontLink::send_credit(const ipc::Credit& credit) {
  ipc::BrokerToFront message;
  *message.mutable_credit() = credit;
  send(message);
}

void FrontLink::send_bulk_start(const ipc::BulkStart& start, std::span<const int> fds) {
  ipc::BrokerToFront message;
  *message.mutable_bulk_start() = start;
  send(message, fds);
}

void FrontLink::hold_events(bool hold) {
  if (std::exchange(events_held_, hold) == hold) return;
  ipc::BrokerToFront message;
  message.mutable_hold_events()->set_hold(hold);
  send(message);
}

void FrontLink::on_message(ipc::MessageKind kind, base::ByteView payload) {
  if (kind == ipc::MessageKind::control) return on_control(payload);
  if (phase_ != Live) return kill("event out of phase");
  owner_.front_event(payload);
}

void FrontLink::on_control(base::ByteView payload) {
  ipc::FrontToBroker message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return kill("malformed message");
  std::string reason;
  const auto* rule = allowed(Table::rows, message.kind_case(), phase_, payload.size(), seen_, reason);
  if (rule == nullptr) return kill(reason);
  (this->*rule->handle)(message);
}

void FrontLink::on_client_software(ipc::FrontToBroker& message) {
  client_software_ = message.client_software().version();
}

void FrontLink::on_sign_kex(ipc::FrontToBroker& message) {
  ipc::KexInputs& inputs = *message.mutable_sign_kex();
  if (phase_ == Live && !rekeys_.take(clock_.monotonic_us())) return kill("too many key exchanges");
  auto legacy = legacy_in(inputs, terms_.legacy);
  if (!legacy) return kill(legacy.message());
  auto key = terms_.identity->key_blob(inputs.host_key_algorithm());
  if (!key) return kill(key.message());
  auto hash = exchange_hash_of(inputs, {.client_version = base::view(inputs.client_version()),
                                        .server_version = base::view(terms_.server_version),
                                        .host_key = *key});
  wipe_secret(inputs);
  if (!hash) return kill("bad key exchange: " + hash.message());
  auto signature = terms_.identity->sign(inputs.host_key_algorithm(), *hash);
  if (!signature) return kill("no signature: " + signature.message());
  if (phase_ == Kex) {
    session_id_ = *hash;
    host_key_ = base::to_bytes(*key);
    legacy_ = std::move(*legacy);
    phase_ = Auth;
  }
  ipc::BrokerToFront answer;
  answer.mutable_kex_signed()->set_host_key(key->data(), key->size());
  answer.mutable_kex_signed()->set_exchange_hash(hash->data(), hash->size());
  answer.mutable_kex_signed()->set_signature(signature->data(), signature->size());
  send(answer);
}

void FrontLink::on_auth_request(ipc::FrontToBroker& m) {
  owner_.front_auth_request(*m.mutable_auth_request());
}
void FrontLink::on_auth_answers(ipc::FrontToBroker& m) {
  owner_.front_auth_answers(*m.mutable_auth_answers());
}
void FrontLink::on_credit(ipc::FrontToBroker& m) {
  owner_.front_credit(*m.mutable_credit());
}
void FrontLink::on_jump_open(ipc::FrontToBroker& m) {
  owner_.front_jump_open(*m.mutable_jump_open());
}
void FrontLink::on_menu_choice(ipc::FrontToBroker& m) {
  owner_.front_menu_choice(*m.mutable_menu_choice());
}
void FrontLink::on_reauthenticate(ipc::FrontToBroker& m) {
  owner_.front_reauthenticate(*m.mutable_reauthenticate());
}
void FrontLink::on_service_command(ipc::FrontToBroker& m) {
  owner_.front_service_command(*m.mutable_service_command());
}

void FrontLink::on_log_line(ipc::FrontToBroker& m) {
  if (++log_lines_ <= kMaxLogLines) base::log_info("front: " + m.log_line().text());
}

void FrontLink::on_ended(ipc::FrontToBroker& m) {
  reason_ = base::escape_for_terminal(m.ended().reason(), 256);
}

}  // namespace sallyport::broker
