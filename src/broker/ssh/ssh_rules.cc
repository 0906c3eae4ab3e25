// SPDX-License-Identifier: Apache-2.0
// Effects and answers.
#include "broker/ssh/ssh_rules.h"

#include <algorithm>
#include <array>

#include "broker/session/verdict.h"
#include "event/verdict_match.h"

namespace sallyport::broker {

using event::Event;

namespace {

constexpr unsigned kAdministrativelyProhibited = 1;  // RFC 4254 §5.1

// RFC 4254 §5.1, §6.3.2, §7.2, and what OpenSSH adds (PROTOCOL, §2).
constexpr std::array<std::string_view, 8> kChannelTypes{"session",
                                                        "x11",
                                                        "direct-tcpip",
                                                        "forwarded-tcpip",
                                                        "auth-agent@openssh.com",
                                                        "direct-streamlocal@openssh.com",
                                                        "forwarded-streamlocal@openssh.com",
                                                        "tun@openssh.com"};

// RFC 4254 §5.4: answers to channel requests come in the order of the requests, whoever gives them.
void answer_in_turn(Channel& channel, Outbox& out) {
  while (!channel.answers_due.empty() && channel.answers_due.front()) {
    channel.answers_due.pop_front();
    Event answer;
    answer.mutable_request_answer()->set_channel(channel.number);
    answer.mutable_request_answer()->set_ok(false);
    out.emplace_back(OwnEvent{std::move(answer), Direction::down});
  }
}

// What a terminal's driver or a line editor may act upon: Enter, and every other control character.
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20;
}

}  // namespace

Judgement SshRules::judge(const Event& event, Direction from, ChannelBook& book) {
  // Those that the target has not answered hold back the answers to those that came later.
  if (event.has_global_request() && from == Direction::up && globals_due_.size() >= ChannelBook::kMaxAnswersDue) {
    return {Ruling::fault, {}, "too many requests without an answer"};
  }
  return gate_.judge(event, from, book);
}

std::string_view SshRules::counted_as(const std::string& channel_type) const {
  const auto found = std::find(kChannelTypes.begin(), kChannelTypes.end(), channel_type);
  return found == kChannelTypes.end() ? "other" : *found;
}

bool SshRules::begins(const Event& event) const {
  return event.has_channel_open() || event.has_request() || event.has_global_request();
}

Effect SshRules::effect(const Event& event, const ChannelBook& book) const {
  if (event.has_data()) {
    const Channel* channel = book.find(event.data().channel());
    if (channel == nullptr || !channel->pty) return {0};
    const std::string& typed = event.data().bytes();
    const auto found = std::find_if(typed.begin(), typed.end(), is_control);
    if (found == typed.end()) return {};
    return {static_cast<std::size_t>(found - typed.begin())};
  }
  if (event.has_request() && event.request().has_window_change()) return {};
  return begins(event) ? Effect{0} : Effect{};
}

// What starts at the target is in the record twice: as what was asked for, and as let through.
void SshRules::passing(const Event& event, std::uint64_t sequence, Outbox& out) {
  if (event::starts_program(event)) out.emplace_back(OwnEvent{allowed(event, sequence)});
}

void SshRules::passed(const Event& event, Direction, ChannelBook& book, Outbox& out) {
  switch (event.kind_case()) {
    case Event::kRequest:
      if (event.request().want_answer()) book.find(event.request().channel())->answers_due.push_back(false);
      break;
    case Event::kRequestAnswer: {
      Channel& channel = *book.find(event.request_answer().channel());
      channel.answers_due.pop_front();
      answer_in_turn(channel, out);
      break;
    }
    case Event::kGlobalRequest:
      if (event.global_request().want_answer()) globals_due_.push_back(false);
      break;
    case Event::kGlobalAnswer:
      if (!globals_due_.empty()) globals_due_.pop_front();
      answer_globals_in_turn(out);
      break;
    default:
      break;
  }
}

void SshRules::refused(const Event& event, Direction from, std::uint64_t sequence, const Judgement& judgement,
                       ChannelBook& book, Outbox& out) {
  out.emplace_back(OwnEvent{denied(event, sequence, judgement)});
  if (event.has_channel_open()) {
    Event answer;
    answer.mutable_channel_refused()->set_channel(event.channel_open().channel());
    answer.mutable_channel_refused()->set_reason(kAdministrativelyProhibited);
    answer.mutable_channel_refused()->set_text("Sallyport: " + judgement.reason);
    out.emplace_back(OwnEvent{std::move(answer), from == Direction::up ? Direction::down : Direction::up});
  } else if (event.has_global_request()) {
    if (event.global_request().want_answer()) globals_due_.push_back(true);
    answer_globals_in_turn(out);
  } else if (event.has_request()) {
    Channel& channel = *book.find(event.request().channel());
    if (event::starts_program(event)) out.emplace_back(ChannelNotice{channel.number, "Sallyport: " + judgement.reason});
    if (event.request().want_answer()) channel.answers_due.push_back(true);
    answer_in_turn(channel, out);
  } else if (event.has_data() && from == Direction::up) {
    out.emplace_back(ChannelNotice{event.data().channel(), "Sallyport: " + judgement.reason});
  }
}

void SshRules::answer_globals_in_turn(Outbox& out) {
  while (!globals_due_.empty() && globals_due_.front()) {
    globals_due_.pop_front();
    Event answer;
    answer.mutable_global_answer()->set_ok(false);
    out.emplace_back(OwnEvent{std::move(answer), Direction::down});
  }
}

}  // namespace sallyport::broker
