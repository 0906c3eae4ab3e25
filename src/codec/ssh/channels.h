// SPDX-License-Identifier: Apache-2.0
// The channels of one connection: numbers, windows of both directions, what each side may still say (RFC 4254 §5).
// Runs in the untrusted workers. It must never let a peer exceed a window or a bound, or speak on a channel that is not
// open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/connection_messages.h"

namespace sallyport::codec::ssh {

/// Our number of a channel: small, reused after both sides closed it.
using ChannelId = std::uint32_t;

struct ChannelLimits {
  std::uint32_t max_channels = 256;
  /// Most requests on one channel (or on the connection) that await an answer, in either direction.
  std::uint32_t max_pending_replies = 1024;
};

enum class ChannelPhase {
  free,
  opened_here,   ///< we sent CHANNEL_OPEN
  opened_there,  ///< the peer sent CHANNEL_OPEN, we have not answered
  open,
};

/// One channel as it stands. In: from the peer; out: to the peer.
struct Channel {
  ChannelPhase phase = ChannelPhase::free;
  ChannelId id = 0;
  std::uint32_t peer_id = 0;
  std::uint32_t in_window = 0;       ///< bytes that the peer may still send
  std::uint32_t in_credit = 0;       ///< bytes taken by the caller and not yet given back by WINDOW_ADJUST
  std::uint32_t in_window_size = 0;  ///< the window at its widest
  std::uint32_t in_max_packet = 0;
  std::uint32_t out_window = 0;  ///< bytes that we may still send
  std::uint32_t out_max_packet = 0;
  std::uint32_t replies_awaited = 0;  ///< requests of ours, want_reply, unanswered
  std::uint32_t replies_owed = 0;     ///< requests of the peer, want_reply, unanswered
  bool eof_in = false;
  bool eof_out = false;
  bool close_in = false;
  bool close_out = false;
};

/// Errors of functions named on_… are the peer's breach (invalid) or a bound (full), and end the connection. Calls with
/// the number of a channel that does not exist, by our own code, give not_found.
class ChannelTable {
 public:
  explicit ChannelTable(ChannelLimits limits = {}) : limits_(limits) {}

  /// Null when there is no such channel.
  const Channel* find(ChannelId id) const;
  std::size_t size() const { return count_; }
  std::vector<ChannelId> ids() const;

  // What this side does.
  /// A number for a CHANNEL_OPEN of ours. Errors: full.
  base::Result<ChannelId> open_here(std::uint32_t window, std::uint32_t max_packet);
  /// We confirm a channel that the peer opened.
  base::Status confirm(ChannelId id, std::uint32_t window, std::uint32_t max_packet);
  /// We refuse it: the number is free again.
  base::Status refuse(ChannelId id);
  /// Bytes that may go out in one message now: bounded by window and packet size; 0 after EOF or CLOSE of ours.
  std::size_t sendable(ChannelId id) const;
  /// n bytes, at most sendable(), went out.
  void sent(ChannelId id, std::size_t n);
  base::Status eof(ChannelId id);
  /// Afterwards nothing may be sent; the number is free once both sides closed.
  base::Status close(ChannelId id);
  /// A request of ours; expects an answer if want_reply.
  base::Status requested(ChannelId id, WantReply want_reply);
  /// We answer a request of the peer. Errors: not_found when none is open to be answered.
  base::Status replied(ChannelId id);
  /// The caller is done with n bytes that came in. Returns how many to give back by WINDOW_ADJUST now (0: not yet).
  std::uint32_t consumed(ChannelId id, std::uint32_t n);
  /// Widens the window that the peer is given back to, from the next WINDOW_ADJUST on. Never narrows.
  void widen(ChannelId id, std::uint32_t window_size);

  // What the peer does.
  /// CHANNEL_OPEN: a number of ours for it. Errors: full when there are too many (refuse it by CHANNEL_OPEN_FAILURE).
  base::Result<ChannelId> on_open(std::uint32_t peer_id, std::uint32_t window, std::uint32_t max_packet);
  base::Status on_confirmation(ChannelId id, std::uint32_t peer_id, std::uint32_t window, std::uint32_t max_packet);
  base::Status on_open_failure(ChannelId id);
  base::Status on_data(ChannelId id, std::size_t n);
  /// For a channel that is gone or going it is ignored, as OpenSSH does: some send it late.
  base::Status on_window_adjust(ChannelId id, std::uint32_t bytes);
  base::Status on_eof(ChannelId id);
  /// True when the channel is gone now, false when our CLOSE is still due.
  base::Result<bool> on_close(ChannelId id);
  base::Status on_request(ChannelId id, WantReply want_reply);
  /// False when nothing was asked: some peers answer what wanted no reply; ignore it.
  base::Result<bool> on_reply(ChannelId id);

 private:
  Channel* get(ChannelId id);
  base::Result<Channel*> speaking_peer(ChannelId id, const char* what);
  base::Result<ChannelId> take();
  void release(Channel& c);

  ChannelLimits limits_;
  std::vector<Channel> slots_;
  std::size_t count_ = 0;
};

}  // namespace sallyport::codec::ssh
