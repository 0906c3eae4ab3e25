// SPDX-License-Identifier: Apache-2.0
// What a front does while there is no target: the menu, the jump to an inner leg, commands for Sallyport itself, and
// refusals. Nothing of it reaches a target.
#include <algorithm>

#include "base/escape.h"
#include "front/ssh/front_worker.h"

namespace sallyport::front::ssh {

using leg::StreamId;
using leg::ssh::AnswerQueue;
using leg::ssh::Opening;
using leg::ssh::RelayChannel;
using leg::ssh::Took;

namespace {

// So long a client that opens no channel (ssh -N) may wait for its refusal.
constexpr base::Micros kRefusalPatienceUs = 3'000'000;
constexpr std::size_t kMaxHostBytes = 1024;
constexpr std::size_t kMaxCommandBytes = 2048;
constexpr std::size_t kMaxReasonBytes = 1024;
constexpr std::uint32_t kExitOnInterrupt = 130;

// Commands that Sallyport itself carries out: the broker reads them (policy/own_command.h). Others are refused with the
// list of targets.
constexpr std::string_view kOwnCommands[] = {"resume", "request",     "requests", "approve",    "deny",
                                             "cancel", "break-glass", "review",   "enroll-totp"};

bool is_for_us(std::string_view command) {
  const std::string_view verb = command.substr(0, command.find(' '));
  return std::find(std::begin(kOwnCommands), std::end(kOwnCommands), verb) != std::end(kOwnCommands);
}

FrontChannel& front_of(RelayChannel& channel) {
  return static_cast<FrontChannel&>(*channel.role);
}

}  // namespace

Opening FrontWorker::open_jump(RelayChannel& channel, const codec::ssh::ChannelOpen& open) {
  const auto* direct = std::get_if<codec::ssh::OpenDirectTcpip>(&open.body);
  if (direct == nullptr || direct->host.size() > kMaxHostBytes || direct->originator.size() > kMaxHostBytes ||
      !base::is_utf8(direct->host) || !base::is_utf8(direct->originator)) {
    (void)relay().refuse_here(channel, codec::ssh::OpenFailureReason::administratively_prohibited,
                              "choose a target first");
    return Opening::local;
  }
  ipc::FrontToBroker message;
  message.mutable_jump_open()->set_number(channel.number);
  message.mutable_jump_open()->set_host(std::string(direct->host));
  message.mutable_jump_open()->set_port(direct->port);
  message.mutable_jump_open()->set_origin(std::string(direct->originator));
  port().send_control(message);
  return Opening::local;
}

base::Status FrontWorker::jump_reply(const ipc::JumpReply& reply, std::span<base::Fd> fds) {
  RelayChannel* channel = relay().find(reply.number());
  if (channel == nullptr) return {};
  if (!reply.ok() || fds.size() != 1) {
    return relay().refuse_here(*channel, codec::ssh::OpenFailureReason::administratively_prohibited,
                               base::escape_for_terminal(reply.reason(), kMaxReasonBytes));
  }
  if (auto s = relay().confirm_here(*channel); !s) return s;
  front_of(*channel).jump = std::make_unique<Jump>(loop(), relay(), *channel, std::move(fds[0]));
  jumping_ = true;
  return {};
}

// Requests are kept for the target and answered here, so that a client goes on to what needs the menu.
Took FrontWorker::lobby_request(RelayChannel& channel, const codec::ssh::ChannelRequest& request) {
  FrontChannel& front = front_of(channel);
  if (front.menu && std::holds_alternative<codec::ssh::WindowChange>(request.body)) {
    relay().say(channel, StreamId::main, base::view(front.menu->resize(front.size)));
  }
  const bool want = request.want_reply == codec::ssh::WantReply::yes;
  const bool program = std::holds_alternative<codec::ssh::ShellRequest>(request.body) ||
                       std::holds_alternative<codec::ssh::ExecRequest>(request.body) ||
                       std::holds_alternative<codec::ssh::SubsystemRequest>(request.body);
  if (want) channel.answers.push(AnswerQueue::State::yes);
  if (program) {
    (void)relay().flush_answers(channel);
    lobby_program(channel);
    if (channel.opening == Opening::local) return Took::yes;
  }
  const auto held =
      relay().hold_request(channel, request, program ? codec::ssh::WantReply::yes : codec::ssh::WantReply::no);
  if (!held) {
    disconnect(codec::ssh::DisconnectReason::by_application, held.error().message, held.error().message,
               leg::Ending::broken);
  }
  return Took::yes;
}

void FrontWorker::lobby_program(RelayChannel& channel) {
  FrontChannel& front = front_of(channel);
  if (front.program == Program::shell && front.pty) return show_menu(channel);
  if (front.program == Program::exec && front.command.size() <= kMaxCommandBytes &&
      is_for_us(base::text(front.command))) {
    relay().localize(channel);
    front.service = true;
    ipc::FrontToBroker message;
    message.mutable_service_command()->set_number(channel.number);
    message.mutable_service_command()->set_command(base::to_text(front.command));
    port().send_control(message);
    return;
  }
  relay().localize(channel);
  front.farewell = Farewell{"", 1};
  if (menu_) say_farewell(channel);  // else when the menu, and with it the list, is there
}

base::Status FrontWorker::service_reply(const ipc::ServiceReply& reply) {
  RelayChannel* channel = relay().find(reply.number());
  if (channel == nullptr || !channel->role || !front_of(*channel).service) return {};
  front_of(*channel).farewell = Farewell{reply.text(), reply.exit_status()};
  say_farewell(*channel);
  return {};
}

base::Status FrontWorker::menu(const ipc::Menu& menu) {
  if (!choosing_ || menu_) return base::fail(base::Errc::corrupt, "a menu that nobody waits for");
  menu_ = menu;
  relay().for_each([this](RelayChannel& channel) {
    if (!channel.role) return;
    FrontChannel& front = front_of(channel);
    if (front.farewell && channel.opening == Opening::local) say_farewell(channel);
  });
  show_waiting_menu();
  return {};
}

void FrontWorker::show_menu(RelayChannel& channel) {
  FrontChannel& front = front_of(channel);
  if (!menu_ || front.menu || menu_shown_) return;
  if (menu_->choices_size() == 0) {
    relay().localize(channel);
    front.farewell = Farewell{"Sallyport: no policy lets you reach any target now.", 1};
    return say_farewell(channel);
  }
  std::vector<MenuChoiceLine> lines;
  for (const auto& c : menu_->choices()) lines.push_back({c.account(), c.target(), c.description()});
  front.menu = std::make_unique<Menu>(menu_->greeting(), std::move(lines), Menu::kind_for(front.term), front.size);
  menu_shown_ = true;
  relay().say(channel, StreamId::main, base::view(front.menu->open()));
}

base::Status FrontWorker::menu_keys(RelayChannel& channel, base::ByteView keys) {
  FrontChannel& front = front_of(channel);
  const std::string drawn = front.menu->input(keys);
  relay().say(channel, StreamId::main, base::view(drawn));
  auto consumed = relay().consumed_here(channel, keys.size());
  if (!front.menu->done()) return consumed;
  const auto chosen = front.menu->chosen();
  if (chosen) {
    front.menu.reset();
    choose(*chosen);
  } else {
    give_up_choosing(channel);
  }
  return consumed;
}

void FrontWorker::choose(std::uint32_t index) {
  ipc::FrontToBroker message;
  message.mutable_menu_choice()->set_index(index);
  port().send_control(message);
  choosing_ = false;
  relay().for_each([this](RelayChannel& channel) {
    if (channel.held_back) relay().release(channel);
  });
}

// Only the channel ends: the connection may choose again, on another one.
void FrontWorker::give_up_choosing(RelayChannel& channel) {
  front_of(channel).menu.reset();
  menu_shown_ = false;
  if (!choosing_) return;
  relay().localize(channel);
  relay().finish_here(channel, kExitOnInterrupt);
  show_waiting_menu();
}

// On the first channel whose program waits for a target.
void FrontWorker::show_waiting_menu() {
  relay().for_each([this](RelayChannel& channel) {
    if (!channel.role || !channel.held_back) return;
    if (front_of(channel).program == Program::shell && front_of(channel).pty) show_menu(channel);
  });
}

std::string FrontWorker::usage() const {
  std::string out =
      "Sallyport: name a target: ssh USER@ACCOUNT@TARGET@gateway, or ssh -J USER@gateway ACCOUNT@TARGET\n";
  if (!menu_) return out;
  if (menu_->choices_size() == 0) return out + "No policy lets you reach any target now.\n";
  out += "You may reach:\n";
  for (const auto& c : menu_->choices()) {
    out += "  " + base::escape_for_terminal(c.account(), 200) + "@" + base::escape_for_terminal(c.target(), 200);
    if (!c.description().empty()) out += "  " + base::escape_for_terminal(c.description(), 200);
    out += "\n";
  }
  return out;
}

void FrontWorker::say_farewell(RelayChannel& channel) {
  FrontChannel& front = front_of(channel);
  const Farewell farewell = front.farewell.value_or(Farewell{});
  std::string text = farewell.text;
  if (text.empty() && choosing_ && !front.service) text = usage();
  if (!text.empty()) say(channel, text, false);
  relay().finish_here(channel, farewell.exit_status);
}

base::Status FrontWorker::refused(const ipc::Refused& refused) {
  if (refusal_) return {};
  refusal_ = Farewell{refused.text(), refused.exit_status()};
  choosing_ = false;
  bool anybody = false;
  relay().for_each([&](RelayChannel& channel) {
    if (!channel.role || channel.out.close_sent || front_of(channel).jump) return;
    FrontChannel& front = front_of(channel);
    if (channel.opening == Opening::peer_asked) {
      (void)relay().refuse_here(channel, codec::ssh::OpenFailureReason::administratively_prohibited,
                                base::escape_for_terminal(refusal_->text, kMaxReasonBytes));
      return;
    }
    if (!front.session) return;
    relay().localize(channel);
    front.menu.reset();
    front.farewell = *refusal_;
    (void)relay().flush_answers(channel);
    if (front.program == Program::none) return;
    anybody = true;
    say_farewell(channel);
  });
  if (anybody) return {};
  loop().after(kRefusalPatienceUs, [this] {
    bool shown = false;
    relay().for_each(
        [&](RelayChannel& channel) { shown = shown || (channel.role && front_of(channel).program != Program::none); });
    if (!shown) {
      disconnect(codec::ssh::DisconnectReason::by_application,
                 base::escape_for_terminal(refusal_->text, kMaxReasonBytes), "refused", leg::Ending::clean);
    }
  });
  return {};
}

}  // namespace sallyport::front::ssh
