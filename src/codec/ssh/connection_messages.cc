// SPDX-License-Identifier: Apache-2.0
// Connection messages. Runs in the untrusted workers.
#include "codec/ssh/connection_messages.h"

#include "codec/ssh/connection_bodies.h"
#include "keys/wire.h"

namespace sallyport::codec::ssh {

namespace {

using base::Bytes;
using base::ByteView;
using keys::Reader;
using keys::Writer;

constexpr std::size_t kMaxNameBytes = 256;

Writer start(Bytes& out, MessageNumber number) {
  Writer w(out);
  w.u8(static_cast<std::uint8_t>(number));
  return w;
}

// Each body is read from a copy of the reader, so that the raw bytes stay at hand for whoever passes them on.

GlobalRequest read_global_request(Reader& r) {
  GlobalRequest m;
  m.name = r.text(kMaxNameBytes);
  m.want_reply = r.boolean() ? WantReply::yes : WantReply::no;
  Reader raw = r;
  m.data = raw.rest();
  m.body = read_global_body(r, m.name);
  return m;
}

ChannelOpen read_channel_open(Reader& r) {
  ChannelOpen m;
  m.type = r.text(kMaxNameBytes);
  m.sender = r.u32();
  m.window = r.u32();
  m.max_packet = r.u32();
  Reader raw = r;
  m.data = raw.rest();
  m.body = read_open_body(r, m.type);
  return m;
}

ChannelOpenConfirmation read_confirmation(Reader& r) {
  ChannelOpenConfirmation m;
  m.recipient = r.u32();
  m.sender = r.u32();
  m.window = r.u32();
  m.max_packet = r.u32();
  m.data = r.rest();
  return m;
}

ChannelOpenFailure read_open_failure(Reader& r) {
  ChannelOpenFailure m;
  m.recipient = r.u32();
  m.reason = r.u32();
  // Old servers leave the texts out.
  if (r.remaining() > 0) m.description = r.text();
  if (r.remaining() > 0) r.text();
  return m;
}

ChannelRequest read_channel_request(Reader& r) {
  ChannelRequest m;
  m.recipient = r.u32();
  m.name = r.text(kMaxNameBytes);
  m.want_reply = r.boolean() ? WantReply::yes : WantReply::no;
  Reader raw = r;
  m.data = raw.rest();
  m.body = read_request_body(r, m.name);
  return m;
}

ChannelExtendedData read_extended_data(Reader& r) {
  ChannelExtendedData m;
  m.recipient = r.u32();
  m.type = r.u32();
  m.data = r.string();
  return m;
}

template <class M>
M read_two(Reader& r) {
  const std::uint32_t recipient = r.u32();
  return M{recipient, r.u32()};
}

ConnectionMessage read_message(Reader& r, std::uint8_t number) {
  switch (static_cast<MessageNumber>(number)) {
    case MessageNumber::global_request:
      return read_global_request(r);
    case MessageNumber::request_success:
      return RequestSuccess{r.rest()};
    case MessageNumber::request_failure:
      return RequestFailure{};
    case MessageNumber::channel_open:
      return read_channel_open(r);
    case MessageNumber::channel_open_confirmation:
      return read_confirmation(r);
    case MessageNumber::channel_open_failure:
      return read_open_failure(r);
    case MessageNumber::channel_window_adjust:
      return read_two<ChannelWindowAdjust>(r);
    case MessageNumber::channel_extended_data:
      return read_extended_data(r);
    case MessageNumber::channel_eof:
      return ChannelEof{r.u32()};
    case MessageNumber::channel_close:
      return ChannelClose{r.u32()};
    case MessageNumber::channel_request:
      return read_channel_request(r);
    case MessageNumber::channel_success:
      return ChannelSuccess{r.u32()};
    case MessageNumber::channel_failure:
      return ChannelFailure{r.u32()};
    default:
      r.rest();
      return UnknownMessage{number};
  }
}

}  // namespace

base::Result<ConnectionMessage> decode_connection(ByteView payload) {
  Reader r(payload);
  const std::uint8_t number = r.u8();
  if (number == static_cast<std::uint8_t>(MessageNumber::channel_data)) {  // first: bulk and keystrokes
    ChannelData m;
    m.recipient = r.u32();
    m.data = r.string();
    if (!r.done()) return base::fail(base::Errc::invalid, "malformed CHANNEL_DATA");
    return m;
  }
  ConnectionMessage m = read_message(r, number);
  if (!r.done()) return base::fail(base::Errc::invalid, "malformed connection message " + std::to_string(number));
  return m;
}

void encode(const GlobalRequest& m, Bytes& out) {
  Writer w = start(out, MessageNumber::global_request);
  w.string(m.name.empty() ? name_of(m.body) : m.name);
  w.boolean(m.want_reply == WantReply::yes);
  write_body(w, m.body);
  if (std::holds_alternative<OtherGlobalRequest>(m.body)) w.bytes(m.data);
}

void encode(const RequestSuccess& m, Bytes& out) {
  start(out, MessageNumber::request_success).bytes(m.data);
}

void encode(const RequestFailure&, Bytes& out) {
  start(out, MessageNumber::request_failure);
}

void encode(const ChannelOpen& m, Bytes& out) {
  Writer w = start(out, MessageNumber::channel_open);
  w.string(m.type.empty() ? name_of(m.body) : m.type);
  w.u32(m.sender);
  w.u32(m.window);
  w.u32(m.max_packet);
  write_body(w, m.body);
  if (std::holds_alternative<OpenOther>(m.body)) w.bytes(m.data);
}

void encode(const ChannelOpenConfirmation& m, Bytes& out) {
  Writer w = start(out, MessageNumber::channel_open_confirmation);
  w.u32(m.recipient);
  w.u32(m.sender);
  w.u32(m.window);
  w.u32(m.max_packet);
  w.bytes(m.data);
}

void encode(const ChannelOpenFailure& m, Bytes& out) {
  Writer w = start(out, MessageNumber::channel_open_failure);
  w.u32(m.recipient);
  w.u32(m.reason);
  w.string(m.description);
  w.string(std::string_view());  // language
}

void encode(const ChannelWindowAdjust& m, Bytes& out) {
  Writer w = start(out, MessageNumber::channel_window_adjust);
  w.u32(m.recipient);
  w.u32(m.bytes);
}

void encode(const ChannelData& m, Bytes& out) {
  Writer w = start(out, MessageNumber::channel_data);
  w.u32(m.recipient);
  w.string(m.data);
}

void encode(const ChannelExtendedData& m, Bytes& out) {
  Writer w = start(out, MessageNumber::channel_extended_data);
  w.u32(m.recipient);
  w.u32(m.type);
  w.string(m.data);
}

void encode(const ChannelEof& m, Bytes& out) {
  start(out, MessageNumber::channel_eof).u32(m.recipient);
}

void encode(const ChannelClose& m, Bytes& out) {
  start(out, MessageNumber::channel_close).u32(m.recipient);
}

void encode(const ChannelRequest& m, Bytes& out) {
  Writer w = start(out, MessageNumber::channel_request);
  w.u32(m.recipient);
  w.string(m.name.empty() ? name_of(m.body) : m.name);
  w.boolean(m.want_reply == WantReply::yes);
  write_body(w, m.body);
  if (std::holds_alternative<OtherChannelRequest>(m.body)) w.bytes(m.data);
}

void encode(const ChannelSuccess& m, Bytes& out) {
  start(out, MessageNumber::channel_success).u32(m.recipient);
}

void encode(const ChannelFailure& m, Bytes& out) {
  start(out, MessageNumber::channel_failure).u32(m.recipient);
}

}  // namespace sallyport::codec::ssh
