// SPDX-License-Identifier: Apache-2.0
// What distinguishes a front's relay from a back's. Untrusted side.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/connection_messages.h"
#include "leg/ssh/relay_channel.h"

namespace sallyport::event {
class TerminalState;
}  // namespace sallyport::event

namespace sallyport::leg::ssh {

enum class Took : bool {
  no,   ///< the relay goes on as usual
  yes,  ///< the role has dealt with it
};

class RelayRole {
 public:
  virtual ~RelayRole() = default;

  /// The peer asks for a channel. Opening::peer_asked: the far leg is asked and decides. Opening::confirmed: it is
  /// asked, but the peer is told yes at once. Opening::local: the role answers by itself, now or later; the far leg
  /// never knows. The role may set channel.role and channel.held_back.
  virtual Opening peer_opens(RelayChannel& channel, const codec::ssh::ChannelOpen& open) = 0;
  /// Data from the peer. took: the role keeps it (and calls Relay::consumed_here).
  virtual Took peer_data(RelayChannel& channel, StreamId stream, base::ByteView data) = 0;
  /// A request from the peer. took: the role pushed its answer, if one is wanted, to channel.answers.
  virtual Took peer_request(RelayChannel& channel, const codec::ssh::ChannelRequest& request) = 0;
  /// A request from the peer that no event carries: it is refused, and why is for the peer to know.
  virtual void request_not_carried(RelayChannel& channel, std::string_view why) = 0;
  virtual Took peer_global_request(const codec::ssh::GlobalRequest& request) = 0;
  /// The peer's answer to Relay::ask_peer().
  virtual void peer_global_answer(bool ok) = 0;
  /// EOF or CLOSE came from the peer.
  virtual void peer_finished(RelayChannel& channel) = 0;
  /// What is set on the peer's terminal, as of what the inspector has read.
  virtual void far_terminal_state(RelayChannel& channel, const event::TerminalState& state) = 0;
  /// The far leg may send this many bytes more on the channel: tell the broker.
  virtual void grant_far(std::uint32_t channel, std::uint32_t bytes) = 0;
  /// The far leg refused a channel that the peer holds confirmed (Opening::local now).
  virtual void far_refused(RelayChannel& channel, std::string_view text) = 0;
  /// The far leg's answer to a request that the peer was told yes to before.
  virtual void swallowed_answer(RelayChannel& channel, bool ok) = 0;
  /// The channel is about to be forgotten.
  virtual void channel_gone(RelayChannel& channel) = 0;

  // Bulk.
  /// Data from the peer on a stream that goes through the ring.
  virtual void bulk_data(RelayChannel& channel, StreamId stream, base::ByteView data) = 0;
  /// Everything of the channel that the bulk path gathers must be told to the broker now: Eof or Close follow.
  virtual void bulk_before_end(RelayChannel& channel) = 0;
};

}  // namespace sallyport::leg::ssh
