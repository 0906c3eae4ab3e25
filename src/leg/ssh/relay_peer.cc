// SPDX-License-Identifier: Apache-2.0
// What the peer says, made into events for the far leg.
#include <algorithm>

#include "base/escape.h"
#include "event/event.pb.h"
#include "leg/ssh/relay.h"
#include "leg/ssh/request_events.h"

namespace sallyport::leg::ssh {

namespace {

// A channel type and what follows it must fit an event; paths and addresses are far shorter.
constexpr std::size_t kMaxOpenBytes = 8 * 1024;
constexpr std::size_t kMaxNameBytes = 256;

// PuTTY asks these of every server, often, and expects a refusal: one is a clock for its window, the other a hint.
bool is_for_putty_servers(std::string_view request) {
  return request == "winadj@putty.projects.tartarus.org" || request == "simple@putty.projects.tartarus.org";
}

std::string bytes(base::ByteView b) {
  return base::to_text(b);
}

}  // namespace

base::Status Relay::peer_message(base::ByteView payload) {
  auto message = connection_.receive(payload);
  if (!message) return base::pass(message);
  return std::visit([this](const auto& m) { return on(m); }, *message);
}

base::Status Relay::on(const codec::ssh::UnknownMessage&) {
  return {};  // the connection has answered it
}

base::Status Relay::on(const codec::ssh::ChannelOpen& m) {
  if (m.type.size() > kMaxNameBytes || m.data.size() > kMaxOpenBytes || !base::is_utf8(m.type)) {
    return connection_.refuse(m.sender, codec::ssh::OpenFailureReason::unknown_channel_type, "unknown channel type");
  }
  RelayChannel& channel = make(next_number_, m.sender, OpenedBy::peer, std::string(m.type));
  next_number_ += 2;
  channel.opening = Opening::local;  // until the role has spoken: nothing is sent
  channel.opening = role_.peer_opens(channel, m);
  if (channel.gone || channel.opening == Opening::local) return {};
  event::Event event;
  auto* open = event.mutable_channel_open();
  open->set_channel(channel.number);
  open->set_type(channel.type);
  open->set_type_data(bytes(m.data));
  open->set_window(first_grant(channel));
  emit(channel, event);
  if (channel.opening == Opening::confirmed) return connection_.confirm(channel.id, kEarlyWindow, kMaxPacket);
  return {};
}

base::Status Relay::on(const codec::ssh::ChannelOpenConfirmation& m) {
  RelayChannel* channel = by_id(m.recipient);
  if (channel == nullptr || channel->opening != Opening::far_asked) return {};
  channel->opening = Opening::open;
  event::Event event;
  event.mutable_channel_opened()->set_channel(channel->number);
  event.mutable_channel_opened()->set_window(first_grant(*channel));
  emit(*channel, event);
  const auto early = std::move(channel->early_events);
  channel->early_events = {};
  channel->early_event_bytes = 0;
  for (const auto& serialized : early) {
    if (auto s = far_event(serialized); !s) return s;
  }
  return {};
}

base::Status Relay::on(const codec::ssh::ChannelOpenFailure& m) {
  RelayChannel* channel = by_id(m.recipient);
  if (channel == nullptr) return {};
  event::Event event;
  auto* refused = event.mutable_channel_refused();
  refused->set_channel(channel->number);
  refused->set_reason(m.reason);
  refused->set_text(base::escape_for_terminal(m.description, 1024));
  emit(*channel, event);
  forget(*channel);
  return {};
}

base::Status Relay::on(const codec::ssh::ChannelWindowAdjust&) {
  dirty_ = true;
  return {};
}

base::Status Relay::on(const codec::ssh::ChannelData& m) {
  return data(m.recipient, StreamId::main, m.data);
}

base::Status Relay::on(const codec::ssh::ChannelExtendedData& m) {
  if (m.type != codec::ssh::kExtendedDataStderr) {
    return connection_.consumed(m.recipient, static_cast<std::uint32_t>(m.data.size()));
  }
  // A client has no standard error.
  if (side_ == Side::front) return connection_.consumed(m.recipient, static_cast<std::uint32_t>(m.data.size()));
  return data(m.recipient, StreamId::stderr_data, m.data);
}

base::Status Relay::data(codec::ssh::ChannelId id, StreamId stream, base::ByteView data) {
  RelayChannel* channel = by_id(id);
  if (channel == nullptr || data.empty()) return {};
  if (role_.peer_data(*channel, stream, data) == Took::yes) return {};
  if (channel->opening == Opening::local) return consumed_here(*channel, data.size());
  Inbound& in = channel->in;
  if (in.held.empty() && !channel->held_back && in.credit >= data.size()) {
    forward(*channel, stream, data);
    return {};
  }
  in.held.push(static_cast<std::uint8_t>(stream), data);
  flush_held(*channel);
  return {};
}

void Relay::forward(RelayChannel& channel, StreamId stream, base::ByteView data) {
  channel.in.credit -= data.size();
  channel.in.total[index(stream)] += data.size();
  if (channel.in.bulk[index(stream)]) {
    role_.bulk_data(channel, stream, data);
  } else {
    port_.send_data(channel.number, stream, data);
  }
}

void Relay::flush_held(RelayChannel& channel) {
  if (channel.held_back || channel.opening == Opening::local) return;
  ByteQueue& held = channel.in.held;
  while (!held.empty() && channel.in.credit > 0) {
    const base::ByteView run = held.front();
    const auto part = run.first(static_cast<std::size_t>(std::min<std::uint64_t>(run.size(), channel.in.credit)));
    forward(channel, static_cast<StreamId>(held.tag()), part);
    held.consume(part.size());
  }
  if (!held.empty()) return;
  for (std::size_t s = 0; s < kStreams; ++s) {
    if (channel.in.bulk_wanted[s] && !channel.in.bulk[s]) begin_bulk(channel, static_cast<StreamId>(s));
  }
  tell_end(channel);
}

void Relay::start_bulk(std::uint32_t number, StreamId stream, bool up) {
  RelayChannel* channel = find(number);
  if (channel == nullptr || channel->opening == Opening::local) return;
  if (up != (side_ == Side::front)) {
    if (channel->out.bulk[index(stream)] == BulkIn::no) channel->out.bulk[index(stream)] = BulkIn::allowed;
    return;
  }
  channel->in.bulk_wanted[index(stream)] = true;
  flush_held(*channel);
}

void Relay::begin_bulk(RelayChannel& channel, StreamId stream) {
  if (channel.in.eof_told || channel.in.close_told) return;
  channel.in.bulk[index(stream)] = true;
  event::Event event;
  auto* begin = event.mutable_bulk_begin();
  begin->set_channel(channel.number);
  begin->set_stream(static_cast<event::Stream>(stream));
  begin->set_offset(channel.in.total[index(stream)]);
  emit(channel, event);
}

base::Status Relay::on(const codec::ssh::ChannelEof& m) {
  RelayChannel* channel = by_id(m.recipient);
  if (channel == nullptr) return {};
  channel->in.eof = true;
  tell_end(*channel);
  role_.peer_finished(*channel);
  return {};
}

base::Status Relay::on(const codec::ssh::ChannelClose& m) {
  RelayChannel* channel = by_id(m.recipient);
  if (channel == nullptr) return {};
  channel->in.close = true;
  channel->out.queue.clear();
  if (channel->held_back) {  // the far leg never heard of it
    channel->opening = Opening::local;
    channel->held_events = {};
  }
  tell_end(*channel);
  role_.peer_finished(*channel);
  if (channel->opening == Opening::local && !channel->out.close_sent) {
    channel->out.close_sent = true;
    if (auto s = connection_.close(channel->id); !s) return s;
  }
  dirty_ = true;
  return {};
}

void Relay::tell_end(RelayChannel& channel) {
  Inbound& in = channel.in;
  if (channel.opening == Opening::local || channel.held_back) return;
  // Once both have closed nobody takes what still waits for credit, and no credit comes; no total counts it.
  if (in.close && channel.out.close) in.held.clear();
  if (!in.held.empty()) return;
  if (in.close_told || (!in.close && (!in.eof || in.eof_told))) return;
  role_.bulk_before_end(channel);
  event::Event event;
  if (in.eof && !in.eof_told) {
    in.eof_told = true;
    event.mutable_eof()->set_channel(channel.number);
    event.mutable_eof()->set_main_total(in.total[0]);
    event.mutable_eof()->set_stderr_total(in.total[1]);
    emit(channel, event);
  }
  if (!in.close) return;
  in.close_told = true;
  event.mutable_close()->set_channel(channel.number);
  event.mutable_close()->set_main_total(in.total[0]);
  event.mutable_close()->set_stderr_total(in.total[1]);
  emit(channel, event);
}

base::Status Relay::on(const codec::ssh::ChannelRequest& m) {
  using State = AnswerQueue::State;
  RelayChannel* channel = by_id(m.recipient);
  if (channel == nullptr) return {};
  const bool want = m.want_reply == codec::ssh::WantReply::yes;
  const auto refuse = [&] {
    if (want) channel->answers.push(State::no);
    return flush_answers(*channel);
  };
  if (std::holds_alternative<codec::ssh::ChannelKeepalive>(m.body)) return refuse();
  if (side_ == Side::front && is_for_putty_servers(m.name)) return refuse();
  event::Event event;
  if (event::Exit exit; to_event(m, exit)) {
    if (side_ == Side::front) return refuse();  // a client has no exit status
    exit.set_channel(channel->number);
    *event.mutable_exit() = exit;
    emit(*channel, event);
    return refuse();
  }
  if (auto s = to_event(m, *event.mutable_request()); !s) {
    role_.request_not_carried(*channel, s.error().message);
    return refuse();
  }
  if (role_.peer_request(*channel, m) == Took::yes) return flush_answers(*channel);
  if (channel->opening == Opening::local) return refuse();
  event.mutable_request()->set_channel(channel->number);
  if (side_ == Side::back) {  // nobody in front is asked for what a target wants
    event.mutable_request()->set_want_answer(false);
    emit(*channel, event);
    return refuse();
  }
  if (want) channel->answers.push(State::awaited);
  emit(*channel, event);
  return {};
}

base::Status Relay::on(const codec::ssh::ChannelSuccess& m) {
  return answer(m.recipient, true);
}

base::Status Relay::on(const codec::ssh::ChannelFailure& m) {
  return answer(m.recipient, false);
}

base::Status Relay::answer(codec::ssh::ChannelId id, bool ok) {
  RelayChannel* channel = by_id(id);
  if (channel == nullptr) return {};
  if (side_ == Side::front && channel->far_answers == 0) {
    return channel->unseen > 0 && --channel->unseen == 0 ? flush_answers(*channel) : base::Status{};
  }
  if (channel->far_answers == 0) return {};
  --channel->far_answers;
  event::Event event;
  event.mutable_request_answer()->set_channel(channel->number);
  event.mutable_request_answer()->set_ok(ok);
  emit(*channel, event);
  return {};
}

base::Status Relay::on(const codec::ssh::GlobalRequest& m) {
  using State = AnswerQueue::State;
  const bool want = m.want_reply == codec::ssh::WantReply::yes;
  const auto refuse = [&] {
    if (want) global_answers_.push(State::no);
    return flush_global_answers();
  };
  if (std::holds_alternative<codec::ssh::KeepaliveRequest>(m.body)) return refuse();
  if (role_.peer_global_request(m) == Took::yes) return flush_global_answers();
  if (m.name.size() > kMaxNameBytes || m.data.size() > kMaxRequestBytes || !base::is_utf8(m.name)) return refuse();
  event::Event event;
  event.mutable_global_request()->set_type(std::string(m.name));
  event.mutable_global_request()->set_want_answer(want && side_ == Side::front);
  event.mutable_global_request()->set_data(bytes(m.data));
  port_.send_event(event);
  if (side_ == Side::back) return refuse();
  if (want) global_answers_.push(State::awaited);
  return {};
}

base::Status Relay::on(const codec::ssh::RequestSuccess& m) {
  return global_answer(true, m.data);
}

base::Status Relay::on(const codec::ssh::RequestFailure&) {
  return global_answer(false, {});
}

base::Status Relay::global_answer(bool ok, base::ByteView data) {
  if (global_asked_.empty()) return {};
  const Asker asker = global_asked_.front();
  global_asked_.erase(global_asked_.begin());
  if (asker == Asker::role) {
    role_.peer_global_answer(ok);
    return {};
  }
  event::Event event;
  event.mutable_global_answer()->set_ok(ok);
  event.mutable_global_answer()->set_data(bytes(data.first(std::min(data.size(), kMaxRequestBytes))));
  port_.send_event(event);
  return {};
}

}  // namespace sallyport::leg::ssh
