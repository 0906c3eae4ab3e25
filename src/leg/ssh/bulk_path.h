// SPDX-License-Identifier: Apache-2.0
// The way of bulk through the shared ring, as the relay sees it. A front only counts; a back hashes and waits for the
// record. Untrusted side.
#pragma once

#include <span>

#include "base/fd.h"
#include "base/result.h"
#include "leg/loop.h"
#include "leg/ssh/peer.h"
#include "leg/ssh/relay_channel.h"

namespace sallyport::leg::ssh {

class BulkPath {
 public:
  virtual ~BulkPath() = default;
  /// The ring's descriptors, as the broker sends them with the first BulkStart.
  virtual base::Status attach(std::span<base::Fd> fds) = 0;
  /// Data from the peer on a stream that goes through the ring; always taken.
  virtual void data(RelayChannel& channel, StreamId stream, base::ByteView data) = 0;
  /// Eof or Close of the channel is about to be told.
  virtual void before_end(RelayChannel& channel) = 0;
  virtual void channel_gone(RelayChannel& channel) = 0;
  /// True while the peer should not be read: the ring is full.
  virtual bool holds_peer() const = 0;
  /// Moves what can be moved. Errors: the far leg or the ring cannot be trusted; end the session.
  virtual base::Status pump(Peer& peer) = 0;
  /// The last step before a wait.
  virtual base::Result<Loop::Before> arm() = 0;
  /// The peer is gone: moves on what came from it, instead of pump() and arm(). Bytes that are left, also those that
  /// wait for the record. Errors: as of pump().
  virtual base::Result<std::uint64_t> drain() = 0;
  /// The connection has been idle for a while.
  virtual void give_back_buffers() = 0;
};

}  // namespace sallyport::leg::ssh
