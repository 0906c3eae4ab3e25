// SPDX-License-Identifier: Apache-2.0
// Verdicts.
#include "broker/ssh/gate.h"

#include "base/escape.h"
#include "broker/ssh/mosh_server.h"
#include "event/event.pb.h"
#include "ipc/message_kind.h"

namespace sallyport::broker {

using event::Event;
using policy::Permission;

namespace {

constexpr std::size_t kMaxChannelType = 256;  // as in the SSH engine
constexpr std::size_t kMaxCommandShown = 200;
constexpr const char* kBarred = "what proves who you are was changed since you logged in: log in anew for this";

Judgement pass(std::string name = {}) {
  return {Ruling::pass, std::move(name), {}};
}
Judgement fault(std::string reason) {
  return {Ruling::fault, {}, std::move(reason)};
}

Judgement unless_allowed(bool allowed, const std::string& name, Permission needed) {
  if (allowed) return pass(name);
  return {Ruling::refuse, name, std::string("no policy allows ") + policy::to_string(needed) + " here"};
}

// A channel that the sender may still speak on.
Channel* speaking(ChannelBook& book, std::uint32_t number, Direction from) {
  Channel* channel = book.find(number);
  if (channel == nullptr || channel->refused) return nullptr;
  if (from == Direction::up ? channel->closed_up : channel->closed_down) return nullptr;
  return channel;
}

}  // namespace

Judgement Gate::judge(const Event& event, Direction from, ChannelBook& book) {
  switch (event.kind_case()) {
    case Event::kChannelOpen:
      return channel_open(event, from, book);
    case Event::kChannelOpened: {
      Channel* channel = book.find(event.channel_opened().channel());
      if (channel == nullptr || channel->opener == from || channel->answered) return fault("answer to no question");
      channel->answered = true;
      return pass();
    }
    case Event::kChannelRefused: {
      Channel* channel = book.find(event.channel_refused().channel());
      if (channel == nullptr || channel->opener == from || channel->answered) return fault("answer to no question");
      channel->answered = channel->refused = true;
      return pass();
    }
    case Event::kRequest:
      return request(event, from, book);
    case Event::kRequestAnswer: {
      Channel* channel = book.find(event.request_answer().channel());
      if (from != Direction::down || channel == nullptr || channel->answers_due.empty() ||
          channel->answers_due.front()) {
        return fault("answer to no question");
      }
      return pass();
    }
    case Event::kData:
      return data(event, from, book);
    case Event::kEof:
    case Event::kClose:
      return end_of_stream(event, from, book);
    case Event::kExit:
      if (from != Direction::down || speaking(book, event.exit().channel(), from) == nullptr) {
        return fault("exit of no running channel");
      }
      return pass();
    case Event::kBulkBegin:
    case Event::kStreamBlock:
      return bulk(event, from, book);
    case Event::kGlobalRequest:
    case Event::kGlobalAnswer:
      return global(event, from);
    default:
      return fault("an event that no leg makes");
  }
}

Judgement Gate::channel_open(const Event& event, Direction from, ChannelBook& book) const {
  const std::string& type = event.channel_open().type();
  if (type.size() > kMaxChannelType) return fault("the type of a channel is too long");  // no honest leg lets it in
  auto opened = book.open(event.channel_open().channel(), from, type);
  if (!opened && opened.error().code == base::Errc::full) return {Ruling::refuse, type, opened.message()};
  if (!opened) return fault(opened.message());
  const bool too_many = book.open_count() > max_channels_;
  Judgement out;
  if (from == Direction::up) {
    if (type == "session") {
      out = pass(type);
    } else if (type == "direct-tcpip" || type == "direct-streamlocal@openssh.com") {
      out = unless_allowed(permissions_.has(Permission::forward_local), type, Permission::forward_local);
    } else {
      out = {Ruling::refuse, type, "unknown type of channel"};
    }
  } else if (type == "forwarded-tcpip" || type == "forwarded-streamlocal@openssh.com") {
    out = unless_allowed(remote_forward_asked_, type, Permission::forward_remote);
  } else if (type == "x11") {
    out = unless_allowed(x11_asked_, type, Permission::forward_x11);
  } else if (type == "auth-agent@openssh.com") {
    out = unless_allowed(agent_asked_, type, Permission::forward_agent);
  } else {
    out = {Ruling::refuse, type, "unknown type of channel"};
  }
  if (barred_ && from == Direction::up && out.ruling == Ruling::pass) out = {Ruling::refuse, type, kBarred};
  if (too_many && out.ruling == Ruling::pass) out = {Ruling::refuse, type, "too many channels are open"};
  if (out.ruling == Ruling::refuse) (*opened)->refused = (*opened)->answered = true;
  return out;
}

Judgement Gate::request(const Event& event, Direction from, ChannelBook& book) {
  const event::Request& request = event.request();
  Channel* channel = speaking(book, request.channel(), from);
  // A close may have crossed it on the way: the record keeps it, nobody needs it.
  if (channel == nullptr)
    return book.find(request.channel()) ? Judgement{Ruling::keep, {}, {}} : fault("no such channel");
  if (from == Direction::down) return {Ruling::keep, {}, {}};  // exits have their own event; nothing else is known
  if (channel->answers_due.size() >= ChannelBook::kMaxAnswersDue) return fault("too many requests without an answer");
  const auto purpose = [&](Permission needed, const std::string& what, const std::string& name) {
    Judgement out = unless_allowed(permissions_.has(needed), name, needed);
    if (out.ruling == Ruling::pass) {
      if (std::string why = bound_.refusal(request); !why.empty()) out = {Ruling::refuse, name, std::move(why)};
    }
    if (barred_ && out.ruling == Ruling::pass) out = {Ruling::refuse, name, kBarred};
    // A target starts one program at most (RFC 4254 §6.5), but a client may ask for another when the first was refused
    // (PuTTY's psftp does).
    if (out.ruling == Ruling::pass) channel->add_purpose(what);
    return out;
  };
  if (channel->type != "session") return {Ruling::refuse, "request", "not on this type of channel"};
  if (std::string why = outside_proof(request); !why.empty()) return {Ruling::refuse, "certificate", std::move(why)};
  switch (request.what_case()) {
    case event::Request::kShell:
      return purpose(Permission::shell, "shell", "shell");
    case event::Request::kExec:
      if (!permissions_.has(Permission::mosh) && starts_mosh_server(request.exec().command())) {
        return {Ruling::refuse, "mosh",
                "mosh would leave the gateway by UDP, past its record, and no policy allows that here; use ssh"};
      }
      return purpose(Permission::exec, "exec", "exec");
    case event::Request::kSubsystem:
      if (request.subsystem().name() == "sftp") return purpose(Permission::sftp, "subsystem sftp", "sftp");
      return {Ruling::refuse, "subsystem", "this subsystem is not known to any policy"};
    case event::Request::kPty:
      // Later it would only change how the record names what the program was sent.
      if (channel->purpose != channel->type)
        return {Ruling::refuse, "pty-req", "a terminal is asked for before a program"};
      channel->pty = true;
      return pass("pty-req");
    case event::Request::kEnv:
      bound_.note(request);
      return pass("request");
    case event::Request::kWindowChange:
    case event::Request::kSignal:
    case event::Request::kBreakRequest:
      return pass("request");
    case event::Request::kOther: {
      const std::string& type = request.other().type();
      if (type == "xon-xoff" || type == "eow@openssh.com") return pass(type);
      if (type == "x11-req") {
        x11_asked_ |= permissions_.has(Permission::forward_x11);
        return unless_allowed(permissions_.has(Permission::forward_x11), type, Permission::forward_x11);
      }
      if (type == "auth-agent-req@openssh.com") {
        agent_asked_ |= permissions_.has(Permission::forward_agent);
        return unless_allowed(permissions_.has(Permission::forward_agent), type, Permission::forward_agent);
      }
      return {Ruling::refuse, base::cut_utf8(type, 64), "unknown request"};
    }
    case event::Request::WHAT_NOT_SET:
      break;
  }
  return fault("empty request");
}

// Why the certificate of the login does not permit the request; empty when it does. OpenSSH's sshd would run the forced
// command instead of what is asked for: here nothing is put into the user's mouth, so the record holds what was asked.
std::string Gate::outside_proof(const event::Request& request) const {
  if (request.has_pty() && !proof_.terminal) return "your certificate does not permit a terminal (permit-pty)";
  if (!proof_.only_command || !(request.has_shell() || request.has_exec() || request.has_subsystem())) return {};
  const std::string& only = *proof_.only_command;
  const bool sftp = only == "internal-sftp";  // sshd_config(5), ForceCommand
  if (sftp && request.has_subsystem() && request.subsystem().name() == "sftp") return {};
  if (!sftp && !only.empty() && request.has_exec() && request.exec().command() == only) return {};
  return "your certificate permits only " +
         (sftp ? std::string("sftp") : "the command '" + base::escape_for_terminal(only, kMaxCommandShown) + "'") +
         " (force-command)";
}

void Gate::allow_only(policy::Permissions permissions) {
  permissions_ = permissions;
  x11_asked_ = x11_asked_ && permissions.has(Permission::forward_x11);
  agent_asked_ = agent_asked_ && permissions.has(Permission::forward_agent);
  remote_forward_asked_ = remote_forward_asked_ && permissions.has(Permission::forward_remote);
}

std::string Gate::overstepped(const ChannelBook& book) const {
  struct Use {
    const char* what;  // the type of a channel, or part of what it is for
    Permission needed;
  };
  static constexpr Use kUses[] = {{"direct-", Permission::forward_local},
                                  {"forwarded-", Permission::forward_remote},
                                  {"x11", Permission::forward_x11},
                                  {"auth-agent", Permission::forward_agent}};
  static constexpr Use kPrograms[] = {
      {"shell", Permission::shell}, {"exec", Permission::exec}, {"subsystem sftp", Permission::sftp}};
  for (const auto& [number, channel] : book.all()) {
    if (channel.refused || (channel.closed_up && channel.closed_down)) continue;
    for (const Use& use : kUses) {
      if (channel.type.starts_with(use.what) && !permissions_.has(use.needed)) return policy::to_string(use.needed);
    }
    for (const Use& use : kPrograms) {
      const bool runs = channel.type == "session" && channel.purpose.find(use.what) != std::string::npos;
      if (runs && !permissions_.has(use.needed)) return policy::to_string(use.needed);
    }
  }
  return {};
}

Judgement Gate::data(const Event& event, Direction from, ChannelBook& book) const {
  const event::Data& data = event.data();
  Channel* channel = speaking(book, data.channel(), from);
  if (channel == nullptr) {
    const Channel* known = book.find(data.channel());
    return known != nullptr && known->refused ? Judgement{Ruling::keep, {}, {}} : fault("data on no open channel");
  }
  const bool is_stderr = data.stream() == event::STREAM_STDERR;
  if (is_stderr && from == Direction::up) return fault("stderr upward");
  if (from == Direction::up ? channel->eof_up : channel->eof_down) return fault("data after the end");
  if (data.bytes().size() > ipc::kMaxDataBytes) return fault("more data than one event has");
  StreamCount& stream = channel->stream(from, is_stderr);
  if (stream.bulk_begun) return fault("data beside the ring");
  stream.as_events += data.bytes().size();
  return pass();
}

// The sender's totals must be what was recorded, and for what went through the ring, what the back counted. Upward the
// back may still be behind, or may have stopped because the target did: it must never be ahead.
Judgement Gate::end_of_stream(const Event& event, Direction from, ChannelBook& book) const {
  const bool is_close = event.kind_case() == Event::kClose;
  const std::uint32_t number = is_close ? event.close().channel() : event.eof().channel();
  const std::uint64_t main_total = is_close ? event.close().main_total() : event.eof().main_total();
  const std::uint64_t stderr_total = is_close ? event.close().stderr_total() : event.eof().stderr_total();
  Channel* channel = speaking(book, number, from);
  if (channel == nullptr) {
    // It may have been on its way when the target refused the channel.
    const Channel* known = book.find(number);
    const bool crossed = known != nullptr && known->refused && from == Direction::up;
    return crossed ? Judgement{Ruling::keep, {}, {}} : fault("end of no open channel");
  }
  if (from == Direction::up) {
    const bool fits = channel->up.bulk_begun ? main_total >= channel->up.total() : main_total == channel->up.total();
    if (!fits) return fault("the totals do not match what was counted");
    channel->up.claimed = main_total;
    channel->eof_up = true;
    channel->closed_up = is_close;
  } else {
    if (main_total != channel->down.total() || stderr_total != channel->down_stderr.total()) {
      return fault("the totals do not match what was counted");
    }
    channel->eof_down = true;
    channel->closed_down = is_close;
  }
  return pass();
}

Judgement Gate::bulk(const Event& event, Direction from, ChannelBook& book) const {
  if (event.kind_case() == Event::kStreamBlock) {
    if (from != Direction::down) return fault("a block counted by a front");
    if (auto booked = book.book_block(event.stream_block()); !booked) return fault(booked.message());
    return {Ruling::keep, {}, {}};
  }
  const event::BulkBegin& begin = event.bulk_begin();
  Channel* channel = speaking(book, begin.channel(), from);
  if (channel == nullptr) {
    // It may have been on its way when the target refused the channel.
    const Channel* known = book.find(begin.channel());
    const bool crossed = known != nullptr && known->refused && from == Direction::up;
    return crossed ? Judgement{Ruling::keep, {}, {}} : fault("bulk on no open channel");
  }
  StreamCount& stream = channel->stream(from, begin.stream() == event::STREAM_STDERR);
  if (!stream.bulk_ordered || stream.bulk_begun || begin.offset() != stream.as_events) return fault("bulk out of turn");
  stream.bulk_begun = true;
  return pass();
}

Judgement Gate::global(const Event& event, Direction from) {
  if (event.kind_case() == Event::kGlobalAnswer) {
    if (from == Direction::up || globals_unanswered_ == 0) return fault("answer to no question");
    --globals_unanswered_;
    return pass();
  }
  const std::string& type = event.global_request().type();
  if (from == Direction::down)
    return {Ruling::keep, base::cut_utf8(type, 64), {}};  // the target's announcements stay here
  if (type == "tcpip-forward" || type == "cancel-tcpip-forward" || type == "streamlocal-forward@openssh.com" ||
      type == "cancel-streamlocal-forward@openssh.com") {
    if (barred_ && permissions_.has(Permission::forward_remote)) return {Ruling::refuse, type, kBarred};
    remote_forward_asked_ |= permissions_.has(Permission::forward_remote);
    if (permissions_.has(Permission::forward_remote) && event.global_request().want_answer()) ++globals_unanswered_;
    return unless_allowed(permissions_.has(Permission::forward_remote), type, Permission::forward_remote);
  }
  return {Ruling::refuse, base::cut_utf8(type, 64), "unknown request"};
}

}  // namespace sallyport::broker
