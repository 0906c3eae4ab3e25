// SPDX-License-Identifier: Apache-2.0
// One client of the admin socket: messages in, messages out with descriptors. Trusted side, on the main loop. What the
// client does not read waits here, stops whoever produces more, and stops the reading of further requests.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "broker/admin_socket/peer.h"
#include "net/loop.h"

namespace sallyport::broker::admin_socket {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(net::Loop& loop, base::Fd fd, Peer peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// on_message gets each message; the bytes are wiped when it returns. on_closed is called once, from the loop and
  /// never from within another call, when the client is gone or close() was called.
  void start(std::function<void(std::span<std::uint8_t>)> on_message, std::function<void()> on_closed);

  const Peer& peer() const { return peer_; }
  void set_peer(Peer peer) { peer_ = std::move(peer); }
  bool open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  /// Queues a message; it is wiped after it went. At most 64 KiB and four descriptors.
  void send(base::SecretBytes message, std::vector<base::Fd> fds = {});
  /// Nothing waits to be written. A producer sends while this is so, then queues up with when_drained().
  bool drained() const { return queue_.empty(); }
  /// Calls back once, from the loop and never from within this call, when nothing waits to be written. Several wait in
  /// turn: one that fills the queue again leaves the next ones at the front.
  void when_drained(std::function<void()> callback);
  std::size_t queued_bytes() const { return queued_bytes_; }
  /// Lets go of the client; what could not be written yet is dropped.
  void close();

 private:
  struct Outgoing {
    base::SecretBytes message;
    std::vector<base::Fd> fds;
  };

  void read_some();
  void write_some();
  void flush();
  void serve_waiting();
  void pace_reading();

  net::Loop& loop_;
  base::Fd fd_;
  Peer peer_;
  std::unique_ptr<net::Watch> watch_;
  std::deque<Outgoing> queue_;
  std::size_t queued_bytes_ = 0;
  std::deque<std::function<void()>> waiting_;
  bool serving_posted_ = false;
  std::function<void(std::span<std::uint8_t>)> on_message_;
  std::function<void()> on_closed_;
};

}  // namespace sallyport::broker::admin_socket
