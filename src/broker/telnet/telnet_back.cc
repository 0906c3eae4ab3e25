// SPDX-License-Identifier: Apache-2.0
// The login, and the table of what a Telnet back may say.
#include "broker/telnet/telnet_back.h"

#include "base/escape.h"
#include "base/log.h"
#include "broker/node/phase_table.h"
#include "ipc/telnet.pb.h"

namespace sallyport::broker {

namespace {
constexpr unsigned kMaxLogLines = 100;
}  // namespace

struct TelnetBack::Table {
  using Message = ipc::TelnetToBroker;
  using Row = Rule<TelnetBack, Message>;
  static constexpr std::size_t small = 4096;
  static constexpr Row rows[] = {
      {Message::kPasswordWanted, Login, Often::once, 64, &TelnetBack::on_password_wanted, "password_wanted"},
      {Message::kLoginDone, Login, Often::once, 64, &TelnetBack::on_login_done, "login_done"},
      {Message::kCredit, Live, Often::many, 64, &TelnetBack::on_credit, "credit"},
      {Message::kLogLine, Any, Often::many, small, &TelnetBack::on_log_line, "log_line"},
      {Message::kEnded, Any, Often::once, small, &TelnetBack::on_ended, "ended"},
  };
};

TelnetBack::TelnetBack(BackWiring wiring)
    : owner_(wiring.owner),
      opening_(wiring.opening),
      target_(wiring.target),
      account_(wiring.account),
      secret_(std::move(wiring.secret)),
      worker_(wiring.thread, std::move(wiring.worker)) {}

void TelnetBack::start() {
  worker_.start({[this](ipc::MessageKind kind, base::ByteView payload) { on_message(kind, payload); },
                 [this](const std::string& fault) { owner_.back_ended(reason_, clean_, fault); },
                 [this] { owner_.back_drained(); }});
  if (!secret_.password) {
    return opening_.back_refused(
        "The target '" + target_.name + "' speaks Telnet: the account '" + account_.name + "' must log in by password.",
        "a Telnet target is logged in to by password");
  }
  ipc::BrokerToTelnet message;
  ipc::TelnetStart& start = *message.mutable_start();
  start.set_login_name(account_.login_name);
  start.set_name_prompt(target_.prompts.name);
  start.set_password_prompt(target_.prompts.password);
  for (const std::string& prompt : target_.prompts.shell) start.add_shell_prompts(prompt);
  for (const std::string& words : target_.prompts.refused) start.add_refusals(words);
  send(message);
}

std::string TelnetBack::failure_text() const {
  return "The login at the target '" + target_.name + "' came to nothing" +
         (reason_.empty() ? "." : ": " + reason_ + ".");
}

std::string TelnetBack::timeout_text() const {
  return "The target '" + target_.name + "' did not show " +
         (secret_crossed_ ? "a shell's prompt" : "the login's prompts") +
         " that its resource describes (login) in time.";
}

void TelnetBack::send(const ipc::BrokerToTelnet& message) {
  worker_.send_control(message);
}

void TelnetBack::on_message(ipc::MessageKind kind, base::ByteView payload) {
  if (kind == ipc::MessageKind::event) {
    if (phase_ != Live) return kill("event out of phase");
    return owner_.back_event(payload);
  }
  ipc::TelnetToBroker message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return kill("malformed message");
  std::string reason;
  const auto* rule = allowed(Table::rows, message.kind_case(), phase_, payload.size(), seen_, reason);
  if (rule == nullptr) return kill(reason);
  (this->*rule->handle)(message);
}

void TelnetBack::on_password_wanted(ipc::TelnetToBroker&) {
  if (!opening_.back_may_log_in()) return;
  ipc::BrokerToTelnet answer;
  std::string& password = *answer.mutable_password()->mutable_password();
  const base::ByteView stored = secret_.password->view();
  password.reserve(stored.size());
  password.assign(stored.begin(), stored.end());
  secret_crossed_ = true;
  opening_.back_used_secret();
  send(answer);
  base::wipe(password.data(), password.size());
  secret_ = {};
}

void TelnetBack::on_login_done(ipc::TelnetToBroker& message) {
  secret_ = {};
  LoginFacts facts;
  facts.accepted = message.login_done().ok();
  facts.method = "password, plain telnet";
  facts.login_name = account_.login_name;
  facts.secret_crossed = secret_crossed_;
  opening_.back_logged_in(facts);
}

void TelnetBack::on_credit(ipc::TelnetToBroker& message) {
  owner_.back_credit(message.credit());
}

void TelnetBack::on_log_line(ipc::TelnetToBroker& message) {
  if (++log_lines_ <= kMaxLogLines) base::log_info("back: " + message.log_line().text());
}

void TelnetBack::on_ended(ipc::TelnetToBroker& message) {
  reason_ = base::escape_for_terminal(message.ended().reason(), 256);
  clean_ = message.ended().clean();
}

void TelnetBack::send_credit(const ipc::Credit& credit) {
  ipc::BrokerToTelnet message;
  *message.mutable_credit() = credit;
  send(message);
}

void TelnetBack::terminate() {
  ipc::BrokerToTelnet message;
  message.mutable_terminate();
  send(message);
}

}  // namespace sallyport::broker
