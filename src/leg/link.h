// SPDX-License-Identifier: Apache-2.0
// A worker's connection to the broker: whole messages, a bounded queue, back-pressure. Untrusted side; it knows nothing
// of what the messages mean.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/fd.h"
#include "ipc/seqpacket.h"
#include "leg/loop.h"

namespace sallyport::leg {

class Link {
 public:
  /// The view is valid during the call; descriptors not moved out are closed after it.
  using MessageHandler = std::function<void(base::ByteView message, std::span<base::Fd> fds)>;
  /// What may wait in memory when the broker does not read: beyond it the worker ends (kExitProtocol), because it went
  /// on producing although congested().
  static constexpr std::size_t kQueueLimitBytes = 4u << 20;

  /// Watches broker_fd (not owned: it lives as long as the process) on loop. When the broker closes it, the loop stops
  /// with kExitBrokerGone: a worker has no life without its broker.
  Link(Loop& loop, int broker_fd, MessageHandler on_message);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Sends now if the socket takes it, else queues. 1 to ipc::kMaxMessageBytes bytes; another size is our own bug.
  void send(base::ByteView message);

  /// True while something is queued: stop reading what would make more messages.
  bool congested() const { return !queue_.empty(); }
  /// Called each time the queue has become empty again.
  void on_clear(std::function<void()> handler) { on_clear_ = std::move(handler); }

  /// Called after the first message of each wake-up: what it set in motion goes out before there is a look for more. A
  /// keystroke is one message; a flood still gathers.
  void on_first(std::function<void()> handler) { on_first_ = std::move(handler); }

  /// Stops and resumes taking messages (the peer does not read, say). Hang-up is still noticed while paused.
  void pause_receiving();
  void resume_receiving();

 private:
  void ready(short revents);
  void receive_some();
  void send_queued();
  void update_events();

  Loop& loop_;
  int fd_;
  MessageHandler on_message_;
  std::function<void()> on_clear_;
  std::function<void()> on_first_;
  std::unique_ptr<std::uint8_t[]> buffer_;  // kMaxMessageBytes; only pages that messages reach become resident
  std::deque<base::Bytes> queue_;
  std::size_t queued_bytes_ = 0;
  bool paused_ = false;
  Loop::WatchId watch_;
};

}  // namespace sallyport::leg
