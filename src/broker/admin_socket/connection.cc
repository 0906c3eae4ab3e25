// SPDX-License-Identifier: Apache-2.0
// The admin socket's bytes.
#include "broker/admin_socket/connection.h"

#include <utility>

#include "ipc/seqpacket.h"

namespace sallyport::broker::admin_socket {
namespace {

// Above this, no request is read: each may add an answer.
constexpr std::size_t kMaxQueuedBytes = 256 * 1024;
constexpr std::size_t kMaxQueued = 64;

}  // namespace

Connection::Connection(net::Loop& loop, base::Fd fd, Peer peer)
    : loop_(loop), fd_(std::move(fd)), peer_(std::move(peer)) {}

Connection::~Connection() = default;

void Connection::start(std::function<void(std::span<std::uint8_t>)> on_message, std::function<void()> on_closed) {
  on_message_ = std::move(on_message);
  on_closed_ = std::move(on_closed);
  watch_ = std::make_unique<net::Watch>(loop_, fd_.get());
  watch_->on_readable([this] { read_some(); });
  watch_->on_writable([this] { write_some(); });
  watch_->enable_read(true);
}

void Connection::read_some() {
  const auto self = shared_from_this();  // a handler may drop the last other owner
  base::SecretBytes buffer(ipc::kMaxMessageBytes);
  // A few at a time: one client must not keep the loop from the others.
  for (int i = 0; i < 16 && open(); ++i) {
    if (queue_.size() > kMaxQueued || queued_bytes_ > kMaxQueuedBytes) return pace_reading();
    auto received = ipc::receive(fd_.get(), {buffer.data(), buffer.size()});
    if (!received || received->transfer == ipc::Transfer::closed) return close();
    if (received->transfer == ipc::Transfer::would_block) return;
    on_message_({buffer.data(), received->bytes});
    base::wipe(buffer.data(), received->bytes);
  }
}

void Connection::send(base::SecretBytes message, std::vector<base::Fd> fds) {
  if (!open()) return;
  queued_bytes_ += message.size();
  queue_.push_back({std::move(message), std::move(fds)});
  if (queue_.size() == 1) flush();
}

void Connection::write_some() {
  const auto self = shared_from_this();
  flush();
  serve_waiting();
}

void Connection::flush() {
  while (open() && !queue_.empty()) {
    const Outgoing& front = queue_.front();
    std::vector<int> fds;
    for (const base::Fd& fd : front.fds) fds.push_back(fd.get());
    auto sent = fds.empty() ? ipc::send(fd_.get(), front.message.view())
                            : ipc::send_with_fds(fd_.get(), front.message.view(), fds);
    if (!sent || *sent == ipc::Transfer::closed) return close();
    if (*sent == ipc::Transfer::would_block) {
      if (watch_) watch_->enable_write(true);
      return;
    }
    queued_bytes_ -= front.message.size();
    queue_.pop_front();
  }
  if (watch_) watch_->enable_write(false);
  if (watch_) pace_reading();
}

void Connection::pace_reading() {
  watch_->enable_read(queue_.size() <= kMaxQueued && queued_bytes_ <= kMaxQueuedBytes);
}

void Connection::when_drained(std::function<void()> callback) {
  if (!open()) return;
  waiting_.push_back(std::move(callback));
  if (!drained() || std::exchange(serving_posted_, true)) return;
  loop_.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->serving_posted_ = false;
    self->serve_waiting();
  });
}

void Connection::serve_waiting() {
  // Those who wait now: one that waits again is served in the next round, after everybody else.
  for (std::size_t left = waiting_.size(); left > 0 && open() && drained() && !waiting_.empty(); --left) {
    const auto callback = std::move(waiting_.front());
    waiting_.pop_front();
    callback();
  }
}

void Connection::close() {
  if (!open()) return;
  const auto self = shared_from_this();
  watch_.reset();
  fd_.reset();
  queue_.clear();
  queued_bytes_ = 0;
  waiting_.clear();
  // Later: whoever is told lets go of what may stand on this call's stack, a producer in the middle of its own send().
  if (auto callback = std::exchange(on_closed_, nullptr)) loop_.post(std::move(callback));
}

}  // namespace sallyport::broker::admin_socket
