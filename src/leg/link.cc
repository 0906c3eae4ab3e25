// SPDX-License-Identifier: Apache-2.0
// The queue and its limits.
#include "leg/link.h"

#include <array>
#include <cstdlib>

#include "leg/zygote.h"

namespace sallyport::leg {
namespace {

/// Messages taken per wake-up before the peer's socket gets its turn.
constexpr int kMessagesPerTurn = 32;

}  // namespace

Link::Link(Loop& loop, int broker_fd, MessageHandler on_message)
    : loop_(loop),
      fd_(broker_fd),
      on_message_(std::move(on_message)),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(ipc::kMaxMessageBytes)),
      watch_(loop.watch(broker_fd, POLLIN, [this](short revents) { ready(revents); })) {}

Link::~Link() {
  loop_.unwatch(watch_);
}

void Link::send(base::ByteView message) {
  if (message.empty() || message.size() > ipc::kMaxMessageBytes) std::abort();
  if (queue_.empty()) {
    auto sent = ipc::send(fd_, message);
    if (!sent) return loop_.stop(kExitProtocol);
    if (*sent == ipc::Transfer::done) return;
    if (*sent == ipc::Transfer::closed) return loop_.stop(kExitBrokerGone);
  }
  if (queued_bytes_ + message.size() > kQueueLimitBytes) return loop_.stop(kExitProtocol);
  queued_bytes_ += message.size();
  queue_.push_back(base::to_bytes(message));
  update_events();
}

void Link::pause_receiving() {
  paused_ = true;
  update_events();
}

void Link::resume_receiving() {
  paused_ = false;
  update_events();
}

void Link::update_events() {
  const int wanted = (paused_ ? 0 : POLLIN) | (queue_.empty() ? 0 : POLLOUT);
  loop_.set_events(watch_, static_cast<short>(wanted));
}

void Link::ready(short revents) {
  if ((revents & POLLOUT) != 0) send_queued();
  if (loop_.stopping()) return;
  if ((revents & POLLIN) != 0 && !paused_) return receive_some();  // what came before a hang-up is still delivered
  if ((revents & (POLLHUP | POLLERR)) != 0) loop_.stop(kExitBrokerGone);
}

void Link::receive_some() {
  std::array<base::Fd, ipc::kMaxMessageFds> fds;
  for (int i = 0; i < kMessagesPerTurn && !paused_ && !loop_.stopping(); ++i) {
    auto r = ipc::receive(fd_, {buffer_.get(), ipc::kMaxMessageBytes}, fds);
    if (!r) return loop_.stop(kExitProtocol);
    if (r->transfer == ipc::Transfer::would_block) return;
    if (r->transfer == ipc::Transfer::closed) return loop_.stop(kExitBrokerGone);
    on_message_({buffer_.get(), r->bytes}, std::span(fds).first(r->fds));
    for (std::size_t k = 0; k < r->fds; ++k) fds[k].reset();
    if (i == 0 && on_first_) on_first_();
  }
}

void Link::send_queued() {
  if (queue_.empty()) return;
  while (!queue_.empty()) {
    auto sent = ipc::send(fd_, queue_.front());
    if (!sent) return loop_.stop(kExitProtocol);
    if (*sent == ipc::Transfer::closed) return loop_.stop(kExitBrokerGone);
    if (*sent == ipc::Transfer::would_block) return;
    queued_bytes_ -= queue_.front().size();
    base::wipe(queue_.front().data(), queue_.front().size());  // a shared secret or a password may have waited here
    queue_.pop_front();
  }
  update_events();
  if (on_clear_) on_clear_();
}

}  // namespace sallyport::leg
