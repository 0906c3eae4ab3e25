// SPDX-License-Identifier: Apache-2.0
// Typed messages on a worker's link to the broker. Untrusted side: what it sends is judged, what it receives is the
// broker's word.
#pragma once

#include <cstdint>

#include <deque>

#include "base/bytes.h"
#include "leg/link.h"

namespace google::protobuf {
class MessageLite;
}
namespace sallyport::event {
class Event;
}

namespace sallyport::leg {

/// event.Stream without the generated header.
enum class StreamId : std::uint8_t { main = 0, stderr_data = 1 };
inline constexpr std::size_t kStreams = 2;
constexpr std::size_t index(StreamId s) {
  return static_cast<std::size_t>(s);
}

class BrokerPort {
 public:
  /// The link must outlive the port.
  explicit BrokerPort(Link& link) : link_(link) {}

  /// An event above ipc::kMaxEventBytes, or a control message above 64 KiB, is our own bug: whoever fills one bounds
  /// its fields.
  void send_event(const event::Event& event);
  /// FrontToBroker or BackToBroker.
  void send_control(const google::protobuf::MessageLite& control);
  /// The same; the buffer it was serialized in is wiped afterwards.
  void send_secret_control(const google::protobuf::MessageLite& control);
  /// Data events of at most ipc::kMaxDataBytes each; no more than one copy of the bytes.
  void send_data(std::uint32_t channel, StreamId stream, base::ByteView data);
  /// An event that was serialized before.
  void send_serialized_event(base::ByteView event);

  /// The broker takes no events for now: they are kept here, in order, and control messages pass them.
  void hold_events(bool hold);
  /// Sends what was kept and may go now.
  void pump();
  std::size_t kept_bytes() const { return kept_bytes_; }

  /// True while the broker does not keep up: take nothing more from the peer.
  bool congested() const { return link_.congested() || (!holding_ && !kept_.empty()); }
  /// Frees what a burst grew.
  void give_back_buffers() { base::Bytes().swap(buffer_); }

 private:
  void send_event_in_buffer();
  void send_parts(base::ByteView event);

  Link& link_;
  base::Bytes buffer_;
  bool holding_ = false;
  std::deque<base::Bytes> kept_;  // messages of kind event
  std::size_t kept_bytes_ = 0;
};

}  // namespace sallyport::leg
