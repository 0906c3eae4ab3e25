// SPDX-License-Identifier: Apache-2.0
// The connection protocol over one transport. Runs in the untrusted workers.
#include "codec/ssh/connection.h"

#include <algorithm>
#include <cassert>

#include "codec/ssh/cipher.h"

namespace sallyport::codec::ssh {

namespace {

using base::Errc;
using base::fail;
using base::Status;

constexpr std::uint32_t kMaxPendingGlobalReplies = 1024;

// Message number, recipient, for extended data its type, length of the data.
constexpr std::size_t kDataHeaderBytes = 9;
constexpr std::size_t kExtendedDataHeaderBytes = 13;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace

base::Result<ConnectionMessage> Connection::receive(base::ByteView payload) {
  auto message = decode_connection(payload);
  if (!message) return message;
  if (auto applied = apply(*message); !applied) return base::pass(applied);
  return message;
}

Status Connection::apply(ConnectionMessage& message) {
  return std::visit(Overloaded{
                        [&](const ChannelData& m) { return apply_data(m.recipient, m.data.size()); },
                        [&](const ChannelExtendedData& m) { return apply_data(m.recipient, m.data.size()); },
                        [&](const ChannelWindowAdjust& m) { return channels_.on_window_adjust(m.recipient, m.bytes); },
                        [&](const ChannelEof& m) { return channels_.on_eof(m.recipient); },
                        [&](const ChannelClose& m) -> Status {
                          auto gone = channels_.on_close(m.recipient);
                          if (!gone) return base::pass(gone);
                          return {};
                        },
                        [&](const ChannelRequest& m) { return channels_.on_request(m.recipient, m.want_reply); },
                        [&](const ChannelSuccess& m) { return apply_reply(message, m.recipient); },
                        [&](const ChannelFailure& m) { return apply_reply(message, m.recipient); },
                        [&](const ChannelOpen&) { return apply_open(message); },
                        [&](const ChannelOpenConfirmation& m) {
                          return channels_.on_confirmation(m.recipient, m.sender, m.window, m.max_packet);
                        },
                        [&](const ChannelOpenFailure& m) { return channels_.on_open_failure(m.recipient); },
                        [&](const GlobalRequest& m) -> Status {
                          if (m.want_reply == WantReply::no) return {};
                          if (global_replies_owed_ >= kMaxPendingGlobalReplies)
                            return fail(Errc::full, "too many global requests");
                          ++global_replies_owed_;
                          return {};
                        },
                        [&](const RequestSuccess&) { return apply_global_reply(message); },
                        [&](const RequestFailure&) { return apply_global_reply(message); },
                        [&](const UnknownMessage&) { return transport_.reject_last_message(); },
                    },
                    message);
}

Status Connection::apply_reply(ConnectionMessage& message, ChannelId id) {
  auto awaited = channels_.on_reply(id);
  if (!awaited) return base::pass(awaited);
  if (!*awaited) message = UnknownMessage{};
  return {};
}

Status Connection::apply_global_reply(ConnectionMessage& message) {
  if (global_replies_awaited_ == 0) {
    message = UnknownMessage{};
  } else {
    --global_replies_awaited_;
  }
  return {};
}

Status Connection::apply_open(ConnectionMessage& message) {
  auto& open = std::get<ChannelOpen>(message);
  auto id = channels_.on_open(open.sender, open.window, open.max_packet);
  if (!id) {
    auto sent = send(ChannelOpenFailure{open.sender, static_cast<std::uint32_t>(OpenFailureReason::resource_shortage),
                                        "too many channels"});
    message = UnknownMessage{};
    return sent;
  }
  open.sender = *id;
  return {};
}

template <class M>
Status Connection::send(const M& message) {
  scratch_.clear();
  encode(message, scratch_);
  return transport_.send(scratch_);
}

// Credit that came while too little of the window was missing is due when more is: nobody may come to give it again.
Status Connection::apply_data(ChannelId id, std::size_t n) {
  if (auto s = channels_.on_data(id, n); !s) return s;
  return consumed(id, 0);
}

Status Connection::consumed(ChannelId id, std::uint32_t n) {
  const std::uint32_t grant = channels_.consumed(id, n);
  if (grant == 0) return {};
  return send(ChannelWindowAdjust{channels_.find(id)->peer_id, grant});
}

base::Result<ChannelId> Connection::open(const ChannelOpenBody& body, std::uint32_t window, std::uint32_t max_packet) {
  return open_as({name_of(body), 0, window, max_packet, body, {}});
}

base::Result<ChannelId> Connection::open(std::string_view type, base::ByteView data, std::uint32_t window,
                                         std::uint32_t max_packet) {
  return open_as({type, 0, window, max_packet, OpenOther{}, data});
}

base::Result<ChannelId> Connection::open_as(ChannelOpen message) {
  auto id = channels_.open_here(message.window, message.max_packet);
  if (!id) return id;
  message.sender = *id;
  if (auto sent = send(message); !sent) {
    (void)channels_.on_open_failure(*id);
    return base::pass(sent);
  }
  return id;
}

Status Connection::confirm(ChannelId id, std::uint32_t window, std::uint32_t max_packet) {
  if (auto ok = channels_.confirm(id, window, max_packet); !ok) return ok;
  return send(ChannelOpenConfirmation{channels_.find(id)->peer_id, id, window, max_packet, {}});
}

Status Connection::refuse(ChannelId id, OpenFailureReason reason, std::string_view text) {
  const Channel* c = channels_.find(id);
  const std::uint32_t peer = c ? c->peer_id : 0;
  if (auto ok = channels_.refuse(id); !ok) return ok;
  return send(ChannelOpenFailure{peer, static_cast<std::uint32_t>(reason), text});
}

Status Connection::request(ChannelId id, const ChannelRequestBody& body, WantReply want_reply) {
  return request_as(id, {0, name_of(body), want_reply, body, {}});
}

Status Connection::request(ChannelId id, std::string_view name, base::ByteView data, WantReply want_reply) {
  return request_as(id, {0, name, want_reply, OtherChannelRequest{}, data});
}

Status Connection::request_as(ChannelId id, ChannelRequest message) {
  if (auto ok = channels_.requested(id, message.want_reply); !ok) return ok;
  message.recipient = channels_.find(id)->peer_id;
  return send(message);
}

Status Connection::reply(ChannelId id, Reply answer) {
  if (auto ok = channels_.replied(id); !ok) return ok;
  const std::uint32_t peer = channels_.find(id)->peer_id;
  return answer == Reply::success ? send(ChannelSuccess{peer}) : send(ChannelFailure{peer});
}

Status Connection::eof(ChannelId id) {
  if (auto ok = channels_.eof(id); !ok) return ok;
  return send(ChannelEof{channels_.find(id)->peer_id});
}

Status Connection::close(ChannelId id) {
  const Channel* c = channels_.find(id);
  const std::uint32_t peer = c ? c->peer_id : 0;
  if (auto ok = channels_.close(id); !ok) return ok;
  return send(ChannelClose{peer});
}

Status Connection::global_request(const GlobalRequestBody& body, WantReply want_reply) {
  return global_request_as({name_of(body), want_reply, body, {}});
}

Status Connection::global_request(std::string_view name, base::ByteView data, WantReply want_reply) {
  return global_request_as({name, want_reply, OtherGlobalRequest{}, data});
}

Status Connection::global_request_as(const GlobalRequest& message) {
  if (message.want_reply == WantReply::yes) {
    if (global_replies_awaited_ >= kMaxPendingGlobalReplies) return fail(Errc::full, "too many global requests");
    ++global_replies_awaited_;
  }
  return send(message);
}

Status Connection::global_reply(Reply answer, base::ByteView data) {
  if (global_replies_owed_ == 0) return fail(Errc::not_found, "no global request to answer");
  --global_replies_owed_;
  return answer == Reply::success ? send(RequestSuccess{data}) : send(RequestFailure{});
}

std::span<std::uint8_t> Connection::begin_data(ChannelId id, ChannelStream stream, std::size_t max_bytes) {
  const std::size_t allowed = std::min(max_bytes, channels_.sendable(id));
  if (allowed == 0) return {};
  const std::size_t header = stream == ChannelStream::main ? kDataHeaderBytes : kExtendedDataHeaderBytes;
  const auto payload = transport_.begin_payload(header + allowed);
  if (payload.size() <= header) {
    if (!payload.empty()) (void)transport_.end_payload(0);
    return {};
  }
  const bool extended = stream == ChannelStream::stderr_data;
  payload[0] = static_cast<std::uint8_t>(extended ? MessageNumber::channel_extended_data : MessageNumber::channel_data);
  store_u32(payload.data() + 1, channels_.find(id)->peer_id);
  if (extended) store_u32(payload.data() + 5, kExtendedDataStderr);
  data_channel_ = id;
  data_header_bytes_ = header;
  data_payload_ = payload;
  return payload.subspan(header);
}

Status Connection::end_data(std::size_t n) {
  return end_data(n, {});
}

Status Connection::end_data(base::ByteView data) {
  return end_data(data.size(), data);
}

Status Connection::end_data(std::size_t n, base::ByteView elsewhere) {
  assert(data_header_bytes_ > 0 && n <= data_payload_.size() - data_header_bytes_);
  const std::size_t header = data_header_bytes_;
  data_header_bytes_ = 0;
  if (n == 0) return transport_.end_payload(0);
  store_u32(data_payload_.data() + header - 4, static_cast<std::uint32_t>(n));
  channels_.sent(data_channel_, n);
  return transport_.end_payload(header + n, elsewhere);
}

base::Result<std::size_t> Connection::send_data(ChannelId id, ChannelStream stream, base::ByteView data) {
  std::size_t done = 0;
  while (done < data.size()) {
    const auto room = begin_data(id, stream, data.size() - done);
    if (room.empty()) break;
    const std::size_t n = std::min(room.size(), data.size() - done);
    if (auto sent = end_data(data.subspan(done, n)); !sent) return base::pass(sent);
    done += n;
  }
  return done;
}

}  // namespace sallyport::codec::ssh
