// SPDX-License-Identifier: Apache-2.0
// The first byte of every message on a worker's socket. Both sides of the trust line.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport::ipc {

enum class MessageKind : std::uint8_t {
  event = 1,       ///< a serialized event.Event follows: judged, recorded, forwarded as the same bytes
  control = 2,     ///< a serialized message of the worker's protocol follows (FrontToBroker, BrokerToBack, …)
  event_part = 3,  ///< the beginning of a long event follows; the message of kind event that comes next ends it
};

/// The longest message, first byte included. The shortest has one byte: an empty one could not be told from the end of
/// the stream.
constexpr std::size_t kMaxMessageBytes = 64 * 1024;
/// The longest event, in however many messages: what the largest SSH packet (256 KiB) can hold, with room around it.
constexpr std::size_t kMaxEventBytes = 264 * 1024;
/// The most payload one Data event carries.
constexpr std::size_t kMaxDataBytes = 32 * 1024;
/// What a leg grants a new channel at first, and the most it may have outstanding per channel.
constexpr std::uint32_t kChannelWindowBytes = 2 * 1024 * 1024;
/// Inner legs (`ssh -J`) that one outer connection may have open at a time: each is a descriptor of its front.
constexpr unsigned kMaxJumps = 64;

}  // namespace sallyport::ipc
