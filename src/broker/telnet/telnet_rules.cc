// SPDX-License-Identifier: Apache-2.0
// Verdicts and answers.
#include "broker/telnet/telnet_rules.h"

#include <algorithm>

#include "base/escape.h"
#include "broker/session/verdict.h"
#include "event/verdict_match.h"
#include "ipc/message_kind.h"

namespace sallyport::broker {

using event::Event;

namespace {

constexpr unsigned kAdministrativelyProhibited = 1;  // RFC 4254 section 5.1
constexpr const char* kBarred = "what proves who you are was changed since you logged in: log in anew for this";
constexpr const char* kOneTerminal = "a Telnet target has one terminal with a shell, and nothing else";
constexpr const char* kNoCommands = "a Telnet target runs no commands and has no files: open a shell";

Judgement pass(std::string name = {}) {
  return {Ruling::pass, std::move(name), {}};
}
Judgement fault(std::string reason) {
  return {Ruling::fault, {}, std::move(reason)};
}
Judgement refuse(std::string name, std::string reason) {
  return {Ruling::refuse, std::move(name), std::move(reason)};
}
Judgement keep() {
  return {Ruling::keep, {}, {}};
}

// A channel that the sender may still speak on.
Channel* speaking(ChannelBook& book, std::uint32_t number, Direction from) {
  Channel* channel = book.find(number);
  if (channel == nullptr || channel->refused) return nullptr;
  if (from == Direction::up ? channel->closed_up : channel->closed_down) return nullptr;
  return channel;
}

bool is_refused(const ChannelBook& book, std::uint32_t number) {
  const Channel* known = book.find(number);
  return known != nullptr && known->refused;
}

Judgement data(const event::Data& data, Direction from, ChannelBook& book) {
  Channel* channel = speaking(book, data.channel(), from);
  if (channel == nullptr) return is_refused(book, data.channel()) ? keep() : fault("data on no open channel");
  if (data.stream() != event::STREAM_MAIN) return fault("a stream that Telnet does not have");
  if (from == Direction::up ? channel->eof_up : channel->eof_down) return fault("data after the end");
  if (data.bytes().size() > ipc::kMaxDataBytes) return fault("more data than one event has");
  channel->stream(from, false).as_events += data.bytes().size();
  return pass();
}

// The sender's totals must be what was recorded.
Judgement end_of_stream(const Event& event, Direction from, ChannelBook& book) {
  const bool is_close = event.has_close();
  const std::uint32_t number = is_close ? event.close().channel() : event.eof().channel();
  Channel* channel = speaking(book, number, from);
  if (channel == nullptr) {
    return from == Direction::up && is_refused(book, number) ? keep() : fault("end of no open channel");
  }
  const std::uint64_t total = is_close ? event.close().main_total() : event.eof().main_total();
  const std::uint64_t other = is_close ? event.close().stderr_total() : event.eof().stderr_total();
  StreamCount& stream = channel->stream(from, false);
  if (total != stream.total() || other != 0) return fault("the totals do not match what was counted");
  stream.claimed = total;
  (from == Direction::up ? channel->eof_up : channel->eof_down) = true;
  if (is_close) (from == Direction::up ? channel->closed_up : channel->closed_down) = true;
  return pass();
}

// RFC 4254 section 5.4: answers to channel requests come in the order of the requests, whoever gives them.
void answer_in_turn(Channel& channel, Outbox& out) {
  while (!channel.answers_due.empty() && channel.answers_due.front()) {
    channel.answers_due.pop_front();
    Event answer;
    answer.mutable_request_answer()->set_channel(channel.number);
    answer.mutable_request_answer()->set_ok(false);
    out.emplace_back(OwnEvent{std::move(answer), Direction::down});
  }
}

}  // namespace

Judgement TelnetRules::judge(const Event& event, Direction from, ChannelBook& book) {
  if (event.has_data()) return data(event.data(), from, book);
  if (event.has_eof() || event.has_close()) return end_of_stream(event, from, book);
  return from == Direction::up ? from_user(event, book) : from_target(event, book);
}

Judgement TelnetRules::from_user(const Event& event, ChannelBook& book) const {
  if (event.has_channel_open()) return channel_open(event, book);
  if (event.has_request()) return request(event, book);
  if (event.has_global_request()) return refuse(base::cut_utf8(event.global_request().type(), 64), kOneTerminal);
  return fault("an event that no user of a Telnet target causes");
}

Judgement TelnetRules::from_target(const Event& event, ChannelBook& book) const {
  switch (event.kind_case()) {
    case Event::kChannelOpened:
    case Event::kChannelRefused: {
      const bool opened = event.has_channel_opened();
      Channel* channel = book.find(opened ? event.channel_opened().channel() : event.channel_refused().channel());
      if (channel == nullptr || channel->answered) return fault("answer to no question");
      channel->answered = true;
      channel->refused = !opened;
      return pass();
    }
    case Event::kRequestAnswer: {
      const Channel* channel = book.find(event.request_answer().channel());
      const bool asked = channel != nullptr && !channel->answers_due.empty() && !channel->answers_due.front();
      return asked ? pass() : fault("answer to no question");
    }
    case Event::kExit:
      return speaking(book, event.exit().channel(), Direction::down) != nullptr ? pass()
                                                                                : fault("exit of no running channel");
    default:
      return fault("an event that no Telnet target causes");
  }
}

Judgement TelnetRules::channel_open(const Event& event, ChannelBook& book) const {
  const std::string type = base::cut_utf8(event.channel_open().type(), 64);
  const bool first = book.all().empty();
  auto opened = book.open(event.channel_open().channel(), Direction::up, type);
  if (!opened && opened.error().code == base::Errc::full) return refuse(type, opened.message());
  if (!opened) return fault(opened.message());
  Judgement out = pass(type);
  if (type != "session") {
    out = refuse(type, kOneTerminal);
  } else if (barred_) {
    out = refuse(type, kBarred);
  } else if (!first) {
    out = refuse(type, "a Telnet session has one terminal: open another session for another");
  }
  if (out.ruling == Ruling::refuse) (*opened)->refused = (*opened)->answered = true;
  return out;
}

Judgement TelnetRules::request(const Event& event, ChannelBook& book) const {
  const event::Request& request = event.request();
  Channel* channel = speaking(book, request.channel(), Direction::up);
  // A close may have crossed it on the way: the record keeps it, nobody needs it.
  if (channel == nullptr) return book.find(request.channel()) != nullptr ? keep() : fault("no such channel");
  if (channel->answers_due.size() >= ChannelBook::kMaxAnswersDue) return fault("too many requests without an answer");
  switch (request.what_case()) {
    case event::Request::kPty:
      if (channel->purpose != channel->type) return refuse("pty-req", "a terminal is asked for before a program");
      channel->pty = true;
      return pass("pty-req");
    case event::Request::kShell:
      return shell(*channel);
    case event::Request::kExec:
      return refuse("exec", kNoCommands);
    case event::Request::kSubsystem:
      return refuse("subsystem", kNoCommands);
    case event::Request::kEnv:
    case event::Request::kWindowChange:
    case event::Request::kSignal:
    case event::Request::kBreakRequest:
      return pass("request");
    case event::Request::kOther:
      return refuse(base::cut_utf8(request.other().type(), 64), kOneTerminal);
    case event::Request::WHAT_NOT_SET:
      break;
  }
  return fault("empty request");
}

Judgement TelnetRules::shell(Channel& channel) const {
  if (!permissions_.has(policy::Permission::shell)) return refuse("shell", "no policy allows shell here");
  if (barred_) return refuse("shell", kBarred);
  if (!channel.pty) return refuse("shell", "a Telnet target has a shell on a terminal only: ask for one (ssh -t)");
  if (channel.purpose != channel.type) return refuse("shell", "a Telnet session has one shell");
  channel.add_purpose("shell");
  return pass("shell");
}

// What users' clients open beside a terminal.
std::string_view TelnetRules::counted_as(const std::string& channel_type) const {
  for (const std::string_view known :
       {"session", "direct-tcpip", "direct-streamlocal@openssh.com", "tun@openssh.com"}) {
    if (channel_type == known) return known;
  }
  return "other";
}

bool TelnetRules::begins(const Event& event) const {
  return event.has_channel_open() || event.has_request() || event.has_global_request();
}

Effect TelnetRules::effect(const Event& event, const ChannelBook&) const {
  if (event.has_data()) {
    const std::string& typed = event.data().bytes();
    const auto is_control = [](unsigned char c) { return c < 0x20; };
    const auto found = std::find_if(typed.begin(), typed.end(), is_control);
    if (found == typed.end()) return {};
    return {static_cast<std::size_t>(found - typed.begin())};
  }
  if (event.has_request() && event.request().has_window_change()) return {};
  return begins(event) ? Effect{0} : Effect{};
}

// What starts at the target is in the record twice: as what was asked for, and as let through.
void TelnetRules::passing(const Event& event, std::uint64_t sequence, Outbox& out) {
  if (event::starts_program(event)) out.emplace_back(OwnEvent{allowed(event, sequence)});
}

void TelnetRules::passed(const Event& event, Direction, ChannelBook& book, Outbox& out) {
  if (event.has_request() && event.request().want_answer()) {
    book.find(event.request().channel())->answers_due.push_back(false);
  } else if (event.has_request_answer()) {
    Channel& channel = *book.find(event.request_answer().channel());
    channel.answers_due.pop_front();
    answer_in_turn(channel, out);
  }
}

void TelnetRules::refused(const Event& event, Direction from, std::uint64_t sequence, const Judgement& judgement,
                          ChannelBook& book, Outbox& out) {
  out.emplace_back(OwnEvent{denied(event, sequence, judgement)});
  Event answer;
  if (event.has_channel_open()) {
    answer.mutable_channel_refused()->set_channel(event.channel_open().channel());
    answer.mutable_channel_refused()->set_reason(kAdministrativelyProhibited);
    answer.mutable_channel_refused()->set_text("Sallyport: " + judgement.reason);
    out.emplace_back(OwnEvent{std::move(answer), Direction::down});
  } else if (event.has_global_request()) {
    if (!event.global_request().want_answer()) return;
    answer.mutable_global_answer()->set_ok(false);  // none ever passes: this is the order
    out.emplace_back(OwnEvent{std::move(answer), Direction::down});
  } else if (event.has_request()) {
    Channel& channel = *book.find(event.request().channel());
    if (event::starts_program(event)) out.emplace_back(ChannelNotice{channel.number, "Sallyport: " + judgement.reason});
    if (event.request().want_answer()) channel.answers_due.push_back(true);
    answer_in_turn(channel, out);
  } else if (event.has_data() && from == Direction::up) {
    out.emplace_back(ChannelNotice{event.data().channel(), "Sallyport: " + judgement.reason});
  }
}

}  // namespace sallyport::broker
