// SPDX-License-Identifier: Apache-2.0
// One buffer for all messages; Data events, the only frequent kind, are encoded by hand.
#include "leg/broker_port.h"

#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <cstdlib>

#include "event/event.pb.h"
#include "ipc/event_parts.h"
#include "ipc/message_kind.h"

namespace sallyport::leg {

namespace {

// Wire format of Protocol Buffers: field number and type in one byte, lengths and numbers as varints.
constexpr std::uint8_t kEventData = (6 << 3) | 2;
constexpr std::uint8_t kDataChannel = (1 << 3) | 0;
constexpr std::uint8_t kDataStream = (2 << 3) | 0;
constexpr std::uint8_t kDataBytes = (3 << 3) | 2;
static_assert(event::Event::kDataFieldNumber == 6 && event::Data::kChannelFieldNumber == 1 &&
              event::Data::kStreamFieldNumber == 2 && event::Data::kBytesFieldNumber == 3);

std::size_t varint_size(std::size_t v) {
  std::size_t n = 1;
  for (; v >= 0x80; v >>= 7) ++n;
  return n;
}

void put_varint(base::Bytes& out, std::size_t v) {
  for (; v >= 0x80; v >>= 7) out.push_back(static_cast<std::uint8_t>(v | 0x80));
  out.push_back(static_cast<std::uint8_t>(v));
}

}  // namespace

namespace {

void serialize(ipc::MessageKind kind, const google::protobuf::MessageLite& message, std::size_t most,
               base::Bytes& out) {
  const std::size_t size = message.ByteSizeLong();
  if (size > most) std::abort();
  out.resize(size + 1);
  out[0] = static_cast<std::uint8_t>(kind);
  message.SerializeWithCachedSizesToArray(out.data() + 1);
}

// What a message costs in memory however short it is.
constexpr std::size_t kKeptCost = 64;

}  // namespace

void BrokerPort::send_event(const event::Event& event) {
  serialize(ipc::MessageKind::event, event, ipc::kMaxEventBytes, buffer_);
  send_event_in_buffer();
}

void BrokerPort::send_control(const google::protobuf::MessageLite& control) {
  serialize(ipc::MessageKind::control, control, ipc::kMaxMessageBytes - 1, buffer_);
  link_.send(buffer_);
}

void BrokerPort::send_event_in_buffer() {
  if (holding_ || !kept_.empty()) {
    kept_bytes_ += buffer_.size() + kKeptCost;
    kept_.push_back(buffer_);
  } else if (buffer_.size() <= ipc::kMaxMessageBytes) {
    link_.send(buffer_);
  } else {
    send_parts(base::ByteView(buffer_).subspan(1));
  }
}

void BrokerPort::send_parts(base::ByteView event) {
  base::Bytes scratch;
  ipc::send_in_parts(event, scratch, [this](const base::Bytes& message) { link_.send(message); });
}

void BrokerPort::hold_events(bool hold) {
  holding_ = hold;
  pump();
}

void BrokerPort::pump() {
  while (!holding_ && !kept_.empty() && !link_.congested()) {
    const base::Bytes next = std::move(kept_.front());
    kept_.pop_front();
    kept_bytes_ -= next.size() + kKeptCost;
    send_parts(base::ByteView(next).subspan(1));
  }
}

void BrokerPort::send_secret_control(const google::protobuf::MessageLite& control) {
  base::Bytes().swap(buffer_);
  buffer_.reserve(control.ByteSizeLong() + 1);  // no growth: nothing is left behind
  send_control(control);
  base::wipe(buffer_.data(), buffer_.size());
}

void BrokerPort::send_data(std::uint32_t channel, StreamId stream, base::ByteView data) {
  while (!data.empty()) {
    const base::ByteView part = data.first(std::min(data.size(), ipc::kMaxDataBytes));
    data = data.subspan(part.size());
    std::size_t inner = 1 + varint_size(part.size()) + part.size();
    if (channel != 0) inner += 1 + varint_size(channel);
    if (stream != StreamId::main) inner += 2;
    buffer_.clear();
    buffer_.push_back(static_cast<std::uint8_t>(ipc::MessageKind::event));
    buffer_.push_back(kEventData);
    put_varint(buffer_, inner);
    if (channel != 0) {
      buffer_.push_back(kDataChannel);
      put_varint(buffer_, channel);
    }
    if (stream != StreamId::main) {
      buffer_.push_back(kDataStream);
      buffer_.push_back(static_cast<std::uint8_t>(stream));
    }
    buffer_.push_back(kDataBytes);
    put_varint(buffer_, part.size());
    buffer_.insert(buffer_.end(), part.begin(), part.end());
    send_event_in_buffer();
  }
}

void BrokerPort::send_serialized_event(base::ByteView event) {
  buffer_.clear();
  buffer_.push_back(static_cast<std::uint8_t>(ipc::MessageKind::event));
  buffer_.insert(buffer_.end(), event.begin(), event.end());
  send_event_in_buffer();
}

}  // namespace sallyport::leg
