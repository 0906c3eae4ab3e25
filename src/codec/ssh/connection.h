// SPDX-License-Identifier: Apache-2.0
// The connection protocol over one transport: keeps the channel table in step with what is sent and received.
// Runs in the untrusted workers. It must never answer a request by itself: what is allowed is decided elsewhere.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/channels.h"
#include "codec/ssh/connection_messages.h"
#include "codec/ssh/transport.h"

namespace sallyport::codec::ssh {

enum class ChannelStream { main, stderr_data };
enum class Reply { success, failure };

/// Channels are named by our own number (ChannelId) everywhere, in the recipient field of received messages too.
/// Errors of receive() are the peer's breach: disconnect. Errors of sending: not_found or denied (the channel does not
/// exist or has said EOF or CLOSE), full (a bound), closed (the transport ended).
class Connection {
 public:
  /// The transport must outlive the connection.
  explicit Connection(Transport& transport, ChannelLimits limits = {}) : transport_(transport), channels_(limits) {}

  // Input: every message event of a transport that is authenticated goes through here.
  /// Decodes a payload, checks it against the channel's state, and applies it: windows, EOF, CLOSE. Of a ChannelOpen
  /// `sender` becomes our number for the channel. After a ChannelClose answer with close() unless the channel is gone.
  /// Data is credited back by consumed(). What was dealt with here comes back as UnknownMessage, to be ignored: a
  /// channel too many (refused), a number that nobody knows (answered with UNIMPLEMENTED), an answer to no request
  /// (dropped).
  base::Result<ConnectionMessage> receive(base::ByteView payload);
  /// n bytes of a channel were passed on: lets the peer send more, in good time.
  base::Status consumed(ChannelId id, std::uint32_t n);

  // Output.
  base::Result<ChannelId> open(const ChannelOpenBody& body, std::uint32_t window, std::uint32_t max_packet);
  /// The same for a type that only has a name: data is what follows max_packet.
  base::Result<ChannelId> open(std::string_view type, base::ByteView data, std::uint32_t window,
                               std::uint32_t max_packet);
  base::Status confirm(ChannelId id, std::uint32_t window, std::uint32_t max_packet);
  base::Status refuse(ChannelId id, OpenFailureReason reason, std::string_view text);
  base::Status request(ChannelId id, const ChannelRequestBody& body, WantReply want_reply);
  base::Status request(ChannelId id, std::string_view name, base::ByteView data, WantReply want_reply);
  base::Status reply(ChannelId id, Reply answer);
  base::Status eof(ChannelId id);
  base::Status close(ChannelId id);
  base::Status global_request(const GlobalRequestBody& body, WantReply want_reply);
  base::Status global_request(std::string_view name, base::ByteView data, WantReply want_reply);
  base::Status global_reply(Reply answer, base::ByteView data = {});

  /// Room for up to max_bytes of channel data right in the output buffer: at most what window, packet size and buffer
  /// allow; empty: not now. Followed by end_data() before any other call.
  std::span<std::uint8_t> begin_data(ChannelId id, ChannelStream stream, std::size_t max_bytes);
  /// Sends the first n bytes of it (0: nothing).
  base::Status end_data(std::size_t n);
  /// Sends data instead, no more than the room: encrypted from where it lies, never copied as plaintext.
  base::Status end_data(base::ByteView data);
  /// Sends as much of data as may go now, the same way; returns how much that was (0: window, buffer or key exchange in
  /// the way).
  base::Result<std::size_t> send_data(ChannelId id, ChannelStream stream, base::ByteView data);

  ChannelTable& channels() { return channels_; }
  const ChannelTable& channels() const { return channels_; }

 private:
  base::Status apply(ConnectionMessage& message);
  base::Status apply_data(ChannelId id, std::size_t n);
  base::Status apply_open(ConnectionMessage& message);
  base::Status apply_reply(ConnectionMessage& message, ChannelId id);
  base::Status apply_global_reply(ConnectionMessage& message);
  base::Result<ChannelId> open_as(ChannelOpen message);
  base::Status request_as(ChannelId id, ChannelRequest message);
  base::Status global_request_as(const GlobalRequest& message);
  base::Status end_data(std::size_t n, base::ByteView elsewhere);
  template <class M>
  base::Status send(const M& message);

  Transport& transport_;
  ChannelTable channels_;
  base::Bytes scratch_;  ///< payload under construction; kept to save allocations
  std::uint32_t global_replies_awaited_ = 0;
  std::uint32_t global_replies_owed_ = 0;
  ChannelId data_channel_ = 0;
  std::size_t data_header_bytes_ = 0;
  std::span<std::uint8_t> data_payload_;
};

}  // namespace sallyport::codec::ssh
