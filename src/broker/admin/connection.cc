// SPDX-License-Identifier: Apache-2.0
// The admin socket's bytes.
#include "broker/admin/connection.h"

#include "base/log.h"
#include "ipc/seqpacket.h"

namespace sallyport::broker::admin {

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
    auto received = ipc::receive(fd_.get(), {buffer.data(), buffer.size()});
    if (!received || received->transfer == ipc::Transfer::closed) return close();
    if (received->transfer == ipc::Transfer::would_block) return;
    on_message_({buffer.data(), received->bytes});
    base::wipe(buffer.data(), received->bytes);
  }
}

void Connection::send(base::SecretBytes message, std::vector<base::Fd> fds) {
  if (!open()) return;
  queue_.push_back({std::move(message), std::move(fds)});
  if (queue_.size() == 1) flush();
}

void Connection::write_some() {
  const auto self = shared_from_this();
  flush();
  if (!open() || !queue_.empty() || !on_drained_) return;
  const auto callback = on_drained_;  // it may replace itself
  callback();
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
    queue_.pop_front();
  }
  if (watch_) watch_->enable_write(false);
}

void Connection::close() {
  if (!open()) return;
  const auto self = shared_from_this();
  watch_.reset();
  fd_.reset();
  queue_.clear();
  on_drained_ = nullptr;
  // Later: whoever is told lets go of what may stand on this call's stack, a producer in the middle of its own send().
  if (auto callback = std::exchange(on_closed_, nullptr)) loop_.post(std::move(callback));
}

}  // namespace sallyport::broker::admin
