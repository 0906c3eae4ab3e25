// SPDX-License-Identifier: Apache-2.0
// Posting there, counting back.
#include "broker/web/answer_line.h"

#include <utility>

namespace sallyport::broker::web {

void AnswerLine::hang_up() {
  open_ = false;
}

void AnswerLine::send(ipc::BrokerToWeb message, bool last) {
  if (!open_) return;
  const std::size_t size = message.ByteSizeLong();
  on_the_way_ += size;
  loop_.post(
      [self = shared_from_this(), message = std::move(message), size, last] { self->deliver(message, size, last); });
}

void AnswerLine::deliver(const ipc::BrokerToWeb& message, std::size_t size, bool last) {
  const auto connection = connection_.lock();
  if (!connection || !open_) {
    open_ = false;
    return wake();
  }
  connection->answer(message);
  if (connection->congested()) {
    held_ += size;
  } else {
    on_the_way_ -= size + std::exchange(held_, 0);
    wake();
  }
  if (last) {
    open_ = false;
    connection->answer_ended(number_);
  }
}

void AnswerLine::drained() {
  on_the_way_ -= std::exchange(held_, 0);
  wake();
}

void AnswerLine::wake() {
  if (!awaited_.exchange(false)) return;
  main_loop_.post([self = shared_from_this()] {
    if (auto callback = std::exchange(self->callback_, nullptr)) callback();
  });
}

void AnswerLine::when_ready(std::function<void()> callback) {
  callback_ = std::move(callback);
  awaited_ = true;
  // What drained in between woke nobody.
  if (ready() || !open_) wake();
}

}  // namespace sallyport::broker::web
