// SPDX-License-Identifier: Apache-2.0
// One channel as a leg relays it: what its peer calls it, what the session calls it, and how many bytes went which way.
// Untrusted side.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "codec/ssh/channels.h"
#include "leg/broker_port.h"
#include "leg/byte_queue.h"
#include "leg/ssh/answer_queue.h"

namespace sallyport::leg::ssh {

/// Bytes of each stream in one direction since the channel opened.
using StreamTotals = std::array<std::uint64_t, kStreams>;

/// From the peer to the far leg. The peer's window is what the far leg granted, so little is ever held here.
struct Inbound {
  std::uint64_t credit = 0;  ///< bytes that the far leg still takes
  StreamTotals total{};      ///< sent on, or given to the bulk path
  std::array<bool, kStreams> bulk_wanted{};
  std::array<bool, kStreams> bulk{};  ///< goes through the ring
  ByteQueue held;                     ///< came before there was credit
  bool eof = false;                   ///< the peer said it
  bool eof_told = false;              ///< and the far leg knows
  bool close = false;
  bool close_told = false;
};

enum class BulkIn : std::uint8_t { no, allowed, begun };

/// From the far leg to the peer.
struct Outbound {
  std::uint64_t outstanding = 0;  ///< granted to the far leg and not received yet
  std::uint32_t grant_unit = 1;   ///< grants smaller than this wait
  std::uint32_t cap = 0;          ///< most of the peer's window that is passed on
  StreamTotals total{};           ///< received
  std::array<BulkIn, kStreams> bulk{};
  std::size_t staged = 0;  ///< received by the bulk path and not yet given to the connection
  ByteQueue queue;         ///< waits for the peer's window, or for room
  std::optional<StreamTotals> eof;
  std::optional<StreamTotals> close;
  bool exit_sent = false;
  bool eof_sent = false;
  bool close_sent = false;
};

enum class OpenedBy : std::uint8_t { peer, far_leg };

/// How far the opening is.
enum class Opening : std::uint8_t {
  peer_asked,  ///< the peer waits for an answer; the far leg was asked
  far_asked,   ///< the far leg waits; the peer was asked
  confirmed,   ///< the peer has its confirmation already, the far leg has not answered
  open,
  local,  ///< the far leg does not know the channel, or refused it: the role alone deals with it
};

/// What the role (front or back) keeps with a channel.
struct RoleData {
  virtual ~RoleData() = default;
};

struct RelayChannel {
  std::uint32_t number = 0;      ///< the session's name for it
  codec::ssh::ChannelId id = 0;  ///< the connection's
  OpenedBy opened_by = OpenedBy::peer;
  Opening opening = Opening::peer_asked;
  std::string type;
  Inbound in;
  Outbound out;
  AnswerQueue answers;            ///< owed to the peer
  std::uint32_t unseen = 0;       ///< what the peer must have seen before it gets answers: see say_before_answers()
  std::uint32_t far_answers = 0;  ///< owed to the far leg
  bool held_back = false;         ///< events for the far leg gather here until release()
  std::vector<base::Bytes> held_events;
  std::vector<base::Bytes> early_events;  ///< from the far leg, before the peer confirmed
  std::size_t early_event_bytes = 0;
  std::size_t held_event_bytes = 0;
  std::unique_ptr<RoleData> role;
  bool gone = false;  ///< to be forgotten when nobody iterates
};

}  // namespace sallyport::leg::ssh
