// SPDX-License-Identifier: Apache-2.0
// What the far leg said and the broker let pass, made into messages for the peer.
#include <algorithm>

#include "base/escape.h"
#include "event/event.pb.h"
#include "ipc/message_kind.h"
#include "leg/ssh/relay.h"
#include "leg/ssh/request_events.h"

namespace sallyport::leg::ssh {

namespace {

using base::Errc;
using base::fail;

std::optional<std::uint32_t> channel_of(const event::Event& e) {
  switch (e.kind_case()) {
    case event::Event::kChannelOpened:
      return e.channel_opened().channel();
    case event::Event::kChannelRefused:
      return e.channel_refused().channel();
    case event::Event::kRequest:
      return e.request().channel();
    case event::Event::kRequestAnswer:
      return e.request_answer().channel();
    case event::Event::kData:
      return e.data().channel();
    case event::Event::kEof:
      return e.eof().channel();
    case event::Event::kClose:
      return e.close().channel();
    case event::Event::kExit:
      return e.exit().channel();
    case event::Event::kBulkBegin:
      return e.bulk_begin().channel();
    case event::Event::kTerminalState:
      return e.terminal_state().channel();
    default:
      return std::nullopt;
  }
}

std::optional<StreamId> stream_of(event::Stream s) {
  if (s == event::STREAM_MAIN) return StreamId::main;
  if (s == event::STREAM_STDERR) return StreamId::stderr_data;
  return std::nullopt;
}

codec::ssh::OpenFailureReason reason_of(std::uint32_t reason) {
  return reason >= 1 && reason <= 4 ? static_cast<codec::ssh::OpenFailureReason>(reason)
                                    : codec::ssh::OpenFailureReason::administratively_prohibited;
}

}  // namespace

base::Status Relay::far_event(base::ByteView serialized) {
  event::Event event;
  if (!event.ParseFromArray(serialized.data(), static_cast<int>(serialized.size()))) {
    return fail(Errc::corrupt, "malformed event");
  }
  switch (event.kind_case()) {
    case event::Event::kChannelOpen:
      return far_open(event.channel_open());
    case event::Event::kGlobalRequest:
      return far_global_request(event.global_request());
    case event::Event::kGlobalAnswer:
      return far_global_answer(event.global_answer());
    default:
      break;
  }
  const auto number = channel_of(event);
  if (!number) return fail(Errc::corrupt, "an event that no leg takes");
  RelayChannel* channel = find(*number);
  if (channel == nullptr) return {};  // closed meanwhile
  if (channel->opening == Opening::far_asked) {
    return keep_early(*channel, serialized);
  }
  return far_channel_event(*channel, event);
}

// Of a channel that the peer has not opened yet.
base::Status Relay::keep_early(RelayChannel& channel, base::ByteView serialized) {
  channel.early_event_bytes += serialized.size() + kHeldEventCost;
  if (channel.early_event_bytes > kMaxHeldEventBytes) {
    return fail(Errc::full, "too many requests on a channel that its peer does not open");
  }
  channel.early_events.push_back(base::to_bytes(serialized));
  return {};
}

base::Status Relay::far_channel_event(RelayChannel& channel, const event::Event& event) {
  switch (event.kind_case()) {
    case event::Event::kData: {
      const auto stream = stream_of(event.data().stream());
      if (!stream || channel.out.bulk[index(*stream)] == BulkIn::begun || channel.out.eof || channel.out.close) {
        return channel.opening == Opening::local ? base::Status{} : fail(Errc::corrupt, "data out of turn");
      }
      const auto data = base::view(event.data().bytes());
      if (auto s = received(channel, *stream, data.size()); !s) return s;
      return deliver(channel, *stream, data);
    }
    case event::Event::kChannelOpened:
      return far_opened(channel, event.channel_opened().window());
    case event::Event::kChannelRefused:
      return far_refused(channel, event.channel_refused().reason(), event.channel_refused().text());
    case event::Event::kRequest:
      return far_request(channel, event.request());
    case event::Event::kRequestAnswer:
      return far_answer(channel, event.request_answer().ok());
    case event::Event::kExit:
      return far_exit(channel, event.exit());
    case event::Event::kEof:
      if (channel.out.eof || channel.out.close) return {};
      channel.out.eof = StreamTotals{event.eof().main_total(), event.eof().stderr_total()};
      break;
    case event::Event::kClose:
      if (channel.out.close) return {};
      channel.out.close = StreamTotals{event.close().main_total(), event.close().stderr_total()};
      tell_end(channel);  // what kept it from being told may not matter any more
      break;
    case event::Event::kTerminalState:
      role_.far_terminal_state(channel, event.terminal_state());
      return {};
    case event::Event::kBulkBegin: {
      const auto stream = stream_of(event.bulk_begin().stream());
      if (!stream) return fail(Errc::corrupt, "unknown stream");
      return far_bulk_begin(channel, *stream, event.bulk_begin().offset());
    }
    default:
      break;
  }
  dirty_ = true;
  return {};
}

base::Status Relay::far_open(const event::ChannelOpen& m) {
  if (by_number_.contains(m.channel()) || m.channel() % 2 == next_number_ % 2) {
    return fail(Errc::corrupt, "a channel number that cannot be");
  }
  auto id = connection_.open(m.type(), base::view(m.type_data()), m.window(), kMaxPacket);
  if (!id) {
    event::Event event;
    event.mutable_channel_refused()->set_channel(m.channel());
    event.mutable_channel_refused()->set_reason(
        static_cast<std::uint32_t>(codec::ssh::OpenFailureReason::resource_shortage));
    event.mutable_channel_refused()->set_text("too many channels");
    port_.send_event(event);
    return {};
  }
  RelayChannel& channel = make(m.channel(), *id, OpenedBy::far_leg, m.type());
  channel.opening = Opening::far_asked;
  channel.in.credit = m.window();
  return {};
}

base::Status Relay::far_opened(RelayChannel& channel, std::uint32_t window) {
  if (channel.opening == Opening::local) return {};
  const bool asked = channel.opening == Opening::peer_asked;
  if (!asked && channel.opening != Opening::confirmed) return fail(Errc::corrupt, "opened twice");
  channel.opening = Opening::open;
  channel.in.credit += window;  // a credit may have come before: the broker keeps it for no event that it holds
  const auto room = static_cast<std::uint32_t>(std::min<std::uint64_t>(channel.in.credit, ipc::kChannelWindowBytes));
  if (asked) return connection_.confirm(channel.id, room, kMaxPacket);
  if (!channel.in.close && !channel.in.eof) {
    connection_.channels().widen(channel.id, room);
    if (auto s = connection_.consumed(channel.id, 0); !s) return s;
  }
  flush_held(channel);
  dirty_ = true;
  return {};
}

base::Status Relay::far_refused(RelayChannel& channel, std::uint32_t reason, const std::string& text) {
  if (channel.opening == Opening::peer_asked) return refuse_here(channel, reason_of(reason), text);
  if (channel.opening == Opening::local) return {};
  if (channel.opening != Opening::confirmed) return fail(Errc::corrupt, "refused after it was opened");
  channel.opening = Opening::local;
  dirty_ = true;
  if (channel.in.close) {  // our CLOSE waited for the far leg's
    channel.out.close = channel.out.total;
    return {};
  }
  const std::size_t held = channel.in.held.size();
  channel.in.held.clear();
  if (auto s = consumed_here(channel, held); !s) return s;
  role_.far_refused(channel, text);
  return flush_answers(channel);
}

base::Status Relay::far_request(RelayChannel& channel, const event::Request& request) {
  if (!channel.out.close_sent) {
    auto sent = send_request(connection_, channel.id, request);
    if (sent) {
      if (request.want_answer()) ++channel.far_answers;
      return {};
    }
    if (sent.error().code != Errc::full) return sent;
  }
  if (!request.want_answer()) return {};
  event::Event event;
  event.mutable_request_answer()->set_channel(channel.number);
  emit(channel, event);
  return {};
}

base::Status Relay::far_answer(RelayChannel& channel, bool ok) {
  const auto state = channel.answers.answered(ok);
  if (!state) return {};
  if (*state == AnswerQueue::State::swallowed) {
    role_.swallowed_answer(channel, ok);
    return {};
  }
  return flush_answers(channel);
}

base::Status Relay::far_exit(RelayChannel& channel, const event::Exit& exit) {
  // A client may close as soon as it has seen the end of the output, and still wants to know how it ended.
  if (channel.out.close_sent) return {};
  channel.out.exit_sent = true;
  return send_exit(connection_, channel.id, exit);
}

base::Status Relay::far_bulk_begin(RelayChannel& channel, StreamId stream, std::uint64_t offset) {
  BulkIn& bulk = channel.out.bulk[index(stream)];
  if (bulk != BulkIn::allowed || offset != channel.out.total[index(stream)]) {
    return fail(Errc::corrupt, "bulk out of turn");
  }
  bulk = BulkIn::begun;
  dirty_ = true;
  return {};
}

base::Status Relay::far_credit(std::uint32_t number, std::uint32_t bytes) {
  RelayChannel* channel = find(number);
  if (channel == nullptr || channel->opening == Opening::local || channel->opening == Opening::far_asked) return {};
  channel->in.credit += bytes;
  if (channel->opening != Opening::open) return {};
  if (!channel->in.close && !channel->in.eof) {
    // OpenSSH's server opens a session with no window and widens it later: that is new room, not room given back.
    auto& table = connection_.channels();
    const auto* c = table.find(channel->id);
    const std::uint32_t before = c == nullptr ? 0 : c->in_window_size;
    const auto room = static_cast<std::uint32_t>(std::min<std::uint64_t>(channel->in.credit, ipc::kChannelWindowBytes));
    const std::uint32_t growth = std::min(bytes, room > before ? room - before : 0);
    table.widen(channel->id, before + growth);
    if (auto s = connection_.consumed(channel->id, bytes - growth); !s) return s;
  }
  flush_held(*channel);
  return {};
}

base::Status Relay::far_global_request(const event::GlobalRequest& m) {
  const auto want = m.want_answer() ? codec::ssh::WantReply::yes : codec::ssh::WantReply::no;
  if (m.want_answer()) global_asked_.push_back(Asker::far_leg);
  return connection_.global_request(m.type(), base::view(m.data()), want);
}

base::Status Relay::far_global_answer(const event::GlobalAnswer& m) {
  (void)global_answers_.answered(m.ok(), base::view(m.data()));
  return flush_global_answers();
}

}  // namespace sallyport::leg::ssh
