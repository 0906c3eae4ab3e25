// SPDX-License-Identifier: Apache-2.0
// The channels' book-keeping: what goes out to the peer, what the far leg is granted, when a channel is over.
#include "leg/ssh/relay.h"

#include <algorithm>
#include <cassert>

#include "event/event.pb.h"
#include "ipc/message_kind.h"
#include "leg/ssh/request_events.h"

namespace sallyport::leg::ssh {

namespace {

// Beyond the first few channels each gets less: a leg's memory stays bounded, and nobody needs a long fat link times
// fifty.
constexpr std::size_t kWideChannels = 8;
constexpr std::uint32_t kNarrowWindow = 128 * 1024;
constexpr std::uint32_t kMaxGrantUnit = 512 * 1024;
// What a leg takes of a bulk stream beyond its peer's window, so that the stages of the way work in large pieces.
constexpr std::uint32_t kBulkAhead = 2 * 1024 * 1024;
// Text of ours that may wait behind what a peer does not read.
constexpr std::size_t kMaxSayBacklog = 64 * 1024;

codec::ssh::ChannelStream to_codec(StreamId s) {
  return s == StreamId::main ? codec::ssh::ChannelStream::main : codec::ssh::ChannelStream::stderr_data;
}

codec::ssh::Reply to_reply(bool ok) {
  return ok ? codec::ssh::Reply::success : codec::ssh::Reply::failure;
}

}  // namespace

Relay::Relay(Side side, codec::ssh::Transport& transport, codec::ssh::Connection& connection, BrokerPort& port,
             RelayRole& role)
    : side_(side),
      transport_(transport),
      connection_(connection),
      port_(port),
      role_(role),
      next_number_(side == Side::front ? 0 : 1) {}

RelayChannel& Relay::make(std::uint32_t number, codec::ssh::ChannelId id, OpenedBy by, std::string type) {
  auto channel = std::make_unique<RelayChannel>();
  channel->number = number;
  channel->id = id;
  channel->opened_by = by;
  channel->type = std::move(type);
  channel->out.cap = by_number_.size() < kWideChannels ? ipc::kChannelWindowBytes : kNarrowWindow;
  if (by_id_.size() <= id) by_id_.resize(id + 1);
  by_id_[id] = channel.get();
  return *(by_number_[number] = std::move(channel));
}

RelayChannel* Relay::by_id(codec::ssh::ChannelId id) {
  return id < by_id_.size() ? by_id_[id] : nullptr;
}

RelayChannel* Relay::find(std::uint32_t number) {
  const auto it = by_number_.find(number);
  return it == by_number_.end() || it->second->gone ? nullptr : it->second.get();
}

void Relay::for_each(const std::function<void(RelayChannel&)>& visit) {
  for (auto& [number, channel] : by_number_) {
    if (!channel->gone) visit(*channel);
  }
}

bool Relay::peer_closed_all() const {
  return !by_id_.empty() && std::all_of(by_number_.begin(), by_number_.end(),
                                        [](const auto& entry) { return entry.second->gone || entry.second->in.close; });
}

void Relay::emit(RelayChannel& channel, const event::Event& event) {
  if (channel.opening == Opening::local) return;
  if (!channel.held_back) return port_.send_event(event);
  base::Bytes serialized(event.ByteSizeLong());
  event.SerializeWithCachedSizesToArray(serialized.data());
  channel.held_event_bytes += serialized.size() + kHeldEventCost;
  channel.held_events.push_back(std::move(serialized));
}

void Relay::release(RelayChannel& channel) {
  channel.held_back = false;
  for (const auto& event : channel.held_events) port_.send_serialized_event(event);
  channel.held_events = {};
  channel.held_event_bytes = 0;
  flush_held(channel);
}

base::Status Relay::confirm_here(RelayChannel& channel) {
  return connection_.confirm(channel.id, kEarlyWindow, kMaxPacket);
}

base::Status Relay::refuse_here(RelayChannel& channel, codec::ssh::OpenFailureReason reason, std::string_view text) {
  forget(channel);
  return connection_.refuse(channel.id, reason, text);
}

base::Status Relay::consumed_here(RelayChannel& channel, std::size_t n) {
  if (channel.in.close || channel.in.eof) return {};
  return connection_.consumed(channel.id, static_cast<std::uint32_t>(n));
}

void Relay::say(RelayChannel& channel, StreamId stream, base::ByteView data) {
  if (discards(channel) || channel.out.eof_sent) return;
  if (channel.opening == Opening::peer_asked || channel.opening == Opening::far_asked) return;
  if (channel.out.queue.size() > channel.out.cap + kMaxSayBacklog) return;
  channel.out.queue.push(static_cast<std::uint8_t>(stream), data);
  dirty_ = true;
}

// A peer answers requests and takes data in the order in which they came, and must answer even those that it does not
// know (RFC 4254 section 5.4). A channel that was not confirmed can be told nothing.
bool Relay::say_before_answers(RelayChannel& channel, StreamId stream, base::ByteView data) {
  const std::size_t queued = channel.out.queue.size();
  say(channel, stream, data);
  if (channel.out.queue.size() == queued || !drain(channel) || !channel.out.queue.empty()) return false;
  if (!connection_.request(channel.id, codec::ssh::ChannelKeepalive{}, codec::ssh::WantReply::yes)) return false;
  ++channel.unseen;
  return true;
}

base::Status Relay::seen(RelayChannel& channel) {
  channel.unseen = 0;
  return flush_answers(channel);
}

base::Status Relay::received(RelayChannel& channel, StreamId stream, std::size_t n) {
  Outbound& out = channel.out;
  if (channel.opening == Opening::local && out.close) return {};  // closed here, while this was on its way
  if (channel.opening != Opening::open && channel.opening != Opening::local) {
    return base::fail(base::Errc::corrupt, "data on a channel that is not open");
  }
  if (n > out.outstanding) return base::fail(base::Errc::corrupt, "data beyond what was granted");
  out.outstanding -= n;
  out.total[index(stream)] += n;
  return {};
}

base::Status Relay::deliver(RelayChannel& channel, StreamId stream, base::ByteView data) {
  dirty_ = true;
  const bool closed_here = channel.opening == Opening::local && channel.out.close;
  if (discards(channel) || closed_here) return {};
  while (!data.empty() && channel.out.queue.empty()) {
    auto sent = connection_.send_data(channel.id, to_codec(stream), data);
    if (!sent) return base::pass(sent);
    if (*sent == 0) break;
    data = data.subspan(*sent);
  }
  channel.out.queue.push(static_cast<std::uint8_t>(stream), data);
  return {};
}

base::Status Relay::drain(RelayChannel& channel) {
  ByteQueue& queue = channel.out.queue;
  if (discards(channel)) queue.clear();
  while (!queue.empty()) {
    auto sent = connection_.send_data(channel.id, to_codec(static_cast<StreamId>(queue.tag())), queue.front());
    if (!sent) return base::pass(sent);
    if (*sent == 0) break;
    queue.consume(*sent);
  }
  return {};
}

base::Status Relay::finish_out(RelayChannel& channel) {
  Outbound& out = channel.out;
  const auto above = [&](const std::optional<StreamTotals>& end) {
    return end && (out.total[0] > (*end)[0] || out.total[1] > (*end)[1]);
  };
  if (above(out.eof) || above(out.close)) return base::fail(base::Errc::corrupt, "more data than the totals say");
  const bool delivered = out.queue.empty() && out.staged == 0;
  if (out.eof && !out.eof_sent && !discards(channel) && delivered && out.total == *out.eof) {
    out.eof_sent = true;
    if (auto s = connection_.eof(channel.id); !s) return s;
  }
  if (out.close && !out.close_sent && (channel.in.close || (delivered && out.total == *out.close))) {
    out.close_sent = true;
    if (auto s = connection_.close(channel.id); !s) return s;
  }
  return {};
}

std::uint32_t Relay::first_grant(RelayChannel& channel) {
  const auto* c = connection_.channels().find(channel.id);
  const std::uint32_t window = c == nullptr ? 0 : std::min(c->out_window, channel.out.cap);
  channel.out.outstanding = window;
  channel.out.grant_unit = std::clamp<std::uint32_t>(window / 4, 1, kMaxGrantUnit);
  return window;
}

void Relay::grant(RelayChannel& channel) {
  Outbound& out = channel.out;
  if (channel.opening != Opening::open || discards(channel) || out.close || out.eof) return;
  const auto* c = connection_.channels().find(channel.id);
  if (c == nullptr) return;
  std::uint64_t target = std::min(c->out_window, out.cap);
  const bool bulk = std::find(out.bulk.begin(), out.bulk.end(), BulkIn::begun) != out.bulk.end();
  if (bulk && out.cap > kNarrowWindow) target += kBulkAhead;
  const std::uint64_t used = out.outstanding + out.queue.size() + out.staged;
  // OpenSSH's server opens a session with no window and widens it later: the unit follows.
  out.grant_unit =
      std::max(out.grant_unit, static_cast<std::uint32_t>(std::min<std::uint64_t>(target / 4, kMaxGrantUnit)));
  if (target <= used) return;
  const auto more = static_cast<std::uint32_t>(target - used);
  // Crumbs wait while something is on its way: what the peer takes of it makes room for a grant worth a message.
  if (more < out.grant_unit && used > 0) return;
  out.outstanding += more;
  role_.grant_far(channel.number, more);
}

void Relay::localize(RelayChannel& channel) {
  channel.opening = Opening::local;
  channel.held_back = false;
  channel.held_events = {};
  channel.answers.answer_all(true);
  (void)consumed_here(channel, channel.in.held.size());
  channel.in.held.clear();
}

base::Status Relay::hold_request(RelayChannel& channel, const codec::ssh::ChannelRequest& request,
                                 codec::ssh::WantReply want) {
  event::Event event;
  if (!to_event(request, *event.mutable_request())) return {};
  event.mutable_request()->set_channel(channel.number);
  event.mutable_request()->set_want_answer(want == codec::ssh::WantReply::yes);
  if (want == codec::ssh::WantReply::yes) channel.answers.push(AnswerQueue::State::swallowed);
  emit(channel, event);
  if (channel.held_event_bytes <= kMaxHeldEventBytes) return {};
  return base::fail(base::Errc::full, "too many requests before a target was chosen");
}

void Relay::close_here(RelayChannel& channel) {
  if (channel.gone || channel.out.close_sent) return;
  localize(channel);
  channel.unseen = 0;
  channel.out.staged = 0;
  channel.out.eof = channel.out.total;
  channel.out.close = channel.out.total;
  dirty_ = true;
}

void Relay::finish_here(RelayChannel& channel, std::uint32_t exit_status) {
  if (channel.gone || channel.out.close_sent) return;
  close_here(channel);
  if (channel.in.close || channel.out.exit_sent) return;  // OpenSSH keeps the last status that it gets
  channel.out.exit_sent = true;
  (void)flush_answers(channel);
  event::Exit exit;
  exit.set_status(exit_status);
  (void)send_exit(connection_, channel.id, exit);
}

base::Status Relay::flush_answers(RelayChannel& channel) {
  if (channel.unseen > 0) return {};
  while (auto answer = channel.answers.take()) {
    if (channel.out.close_sent) continue;
    if (auto s = connection_.reply(channel.id, to_reply(answer->ok)); !s) return s;
  }
  return {};
}

base::Status Relay::flush_global_answers() {
  while (auto answer = global_answers_.take()) {
    if (auto s = connection_.global_reply(to_reply(answer->ok), answer->data); !s) return s;
  }
  return {};
}

base::Status Relay::ask_peer(const codec::ssh::GlobalRequestBody& body) {
  if (auto s = connection_.global_request(body, codec::ssh::WantReply::yes); !s) return s;
  global_asked_.push_back(Asker::role);
  return {};
}

base::Status Relay::pump() {
  if (!dirty_) return {};
  dirty_ = false;
  for (auto& [number, channel] : by_number_) {
    if (channel->gone) continue;
    if (auto s = drain(*channel); !s) return s;
    if (auto s = finish_out(*channel); !s) return s;
    grant(*channel);
    forget_if_done(*channel);
  }
  sweep();
  return {};
}

void Relay::forget_if_done(RelayChannel& channel) {
  if (!channel.in.close || !channel.out.close_sent) return;
  if (channel.opening != Opening::local) {
    if (!channel.in.close_told || !channel.out.close) return;
    if (channel.out.total != *channel.out.close) return;  // the ring still holds some of it
  }
  forget(channel);
}

void Relay::forget(RelayChannel& channel) {
  if (channel.gone) return;
  channel.gone = true;
  dirty_ = true;
  role_.channel_gone(channel);
  if (by_id(channel.id) == &channel) by_id_[channel.id] = nullptr;
}

void Relay::sweep() {
  std::erase_if(by_number_, [](const auto& entry) { return entry.second->gone; });
}

}  // namespace sallyport::leg::ssh
