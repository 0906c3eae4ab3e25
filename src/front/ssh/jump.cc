// SPDX-License-Identifier: Apache-2.0
// The client's window opens only as bytes leave for the socket, and the socket is read only as the client's window
// allows: nothing piles up here.
#include "front/ssh/jump.h"

#include <poll.h>
#include <sys/socket.h>

#include "leg/stream.h"

namespace sallyport::front::ssh {

namespace {
constexpr auto kMain = codec::ssh::ChannelStream::main;
}  // namespace

Jump::Jump(leg::Loop& loop, leg::ssh::Relay& relay, leg::ssh::RelayChannel& channel, base::Fd socket)
    : loop_(loop), relay_(relay), channel_(channel), socket_(std::move(socket)) {
  watch_ = loop_.watch(socket_.get(), POLLIN, [this](short revents) {  // pump() does the work
    if ((revents & (POLLHUP | POLLERR)) != 0) hung_up();
  });
}

Jump::~Jump() {
  if (watch_) loop_.unwatch(*watch_);
}

void Jump::data(base::ByteView data) {
  if (watch_) to_socket_.push(0, data);
}

void Jump::client_finished() {
  client_done_ = true;
}

base::Status Jump::pump() {
  if (!socket_) return {};
  if (auto s = write_socket(); !s) return s;
  if (auto s = read_socket(); !s) return s;
  arm();
  return {};
}

base::Status Jump::write_socket() {
  while (socket_ && !to_socket_.empty()) {
    const auto sent = leg::send_some(socket_.get(), to_socket_.front());
    if (sent.state == leg::StreamState::would_block) return {};
    if (sent.state != leg::StreamState::open) {
      hung_up();
      break;
    }
    to_socket_.consume(sent.bytes);
    if (auto s = relay_.consumed_here(channel_, sent.bytes); !s) return s;
  }
  if (client_done_ && to_socket_.empty()) end();
  return {};
}

base::Status Jump::read_socket() {
  auto& connection = relay_.connection();
  while (socket_ && !leg::ssh::Relay::discards(channel_)) {
    const auto room = connection.begin_data(channel_.id, kMain, leg::ssh::kMaxPacket);
    if (room.empty()) return {};
    const auto got = leg::receive_some(socket_.get(), room);
    if (auto s = connection.end_data(got.bytes); !s) return s;
    if (got.state == leg::StreamState::would_block) return {};
    if (got.state != leg::StreamState::open) end();
  }
  return {};
}

void Jump::arm() {
  if (!watch_) return;
  const auto* c = relay_.connection().channels().find(channel_.id);
  const bool may_read = c != nullptr && c->out_window > 0 && relay_.transport().can_begin_payload();
  loop_.set_events(*watch_, static_cast<short>((may_read ? POLLIN : 0) | (to_socket_.empty() ? 0 : POLLOUT)));
}

// The inner leg takes no more. What it said before is still in the socket, and goes as the client's window allows.
void Jump::hung_up() {
  if (watch_) loop_.unwatch(*watch_);
  watch_.reset();
  to_socket_.clear();
}

// The inner leg is over: so is the channel.
void Jump::end() {
  if (watch_) loop_.unwatch(*watch_);
  watch_.reset();
  socket_.reset();
  to_socket_.clear();
  relay_.close_here(channel_);
}

}  // namespace sallyport::front::ssh
