// SPDX-License-Identifier: Apache-2.0
// A conversation after its upgrade to a WebSocket: a watched session, or a terminal.
#include "front/web/conversation.h"
#include "front/web/watch_frame.h"
#include "ipc/message_kind.h"
#include "ipc/web.pb.h"

namespace sallyport::front::web {

using base::Errc;
using base::fail;

namespace {
constexpr unsigned kPolicyViolation = 1008;  // RFC 6455 section 7.4.1
}  // namespace

base::Status Conversation::open_socket() {
  if (request_.websocket_key.empty() || body_left_ > 0) return fail(Errc::corrupt, "a WebSocket that nobody asked for");
  AnswerHead head{.status = 101, .framing = Framing::none};
  head.more = {{"Upgrade", "websocket"},
               {"Connection", "Upgrade"},
               {"Sec-WebSocket-Accept", WebSocket::accept_of(request_.websocket_key)}};
  say(to_text(head, clock_.now_us()));
  state_ = State::socket;
  socket_ =
      std::make_unique<WebSocket>([this](WebSocket::Kind kind, base::ByteView bytes) { socket_message(kind, bytes); });
  return {};
}

void Conversation::socket_message(WebSocket::Kind kind, base::ByteView bytes) {
  if (terminal_) {
    breach_ = breach_ || !terminal_->frame(kind, bytes);
    return;
  }
  ipc::WebToBroker message;
  message.mutable_frame()->set_number(number_);
  message.mutable_frame()->set_text(kind == WebSocket::Kind::text);
  message.mutable_frame()->set_bytes(bytes.data(), bytes.size());
  to_broker_(message);
}

base::Status Conversation::socket_input() {
  const base::Status fed = socket_->feed(input_);
  base::wipe(input_.data(), input_.size());  // what is typed may be a password
  input_.clear();
  if (breach_) socket_->close(kPolicyViolation, "no page says that");
  if (auto taken = socket_->take_output(output_); !taken) return taken;
  if (!fed || breach_ || socket_->closed()) over_ = true;
  return {};
}

base::Status Conversation::frame(const ipc::WebFrame& frame) {
  if (over_) return {};
  if (!socket_ || frame.number() != number_) return fail(Errc::corrupt, "a frame without a WebSocket");
  socket_->send(frame.text() ? WebSocket::Kind::text : WebSocket::Kind::binary, base::view(frame.bytes()));
  return socket_->take_output(output_);
}

// One event in as many messages as it takes.
base::Status Conversation::watched(const ipc::WebWatched& watched) {
  if (over_) return {};
  if (!socket_ || watched.number() != number_) return fail(Errc::corrupt, "an event without a WebSocket");
  if (event_.size() + watched.event().size() > ipc::kMaxEventBytes)
    return fail(Errc::corrupt, "an event longer than any");
  event_.insert(event_.end(), watched.event().begin(), watched.event().end());
  if (watched.more()) return {};
  const std::string frame = watch_frame(watched, event_);
  event_.clear();
  if (frame.empty()) return {};
  socket_->send(WebSocket::Kind::text, base::view(frame));
  return socket_->take_output(output_);
}

base::Status Conversation::close(const ipc::WebClose& close) {
  if (over_) return {};
  if (!socket_ || close.number() != number_) return fail(Errc::corrupt, "the end of no WebSocket");
  socket_->close(close.code(), close.reason());
  over_ = true;
  return socket_->take_output(output_);
}

base::Status Conversation::terminal(const ipc::BrokerToWeb& message) {
  if (over_) return {};
  if (message.has_connected()) {
    if (!is_due(message.connected().number())) return fail(Errc::corrupt, "a terminal that nobody asked for");
    answer_begun_ = true;
    if (auto opened = open_socket(); !opened) return opened;
    terminal_ = std::make_unique<TerminalSocket>(number_, *socket_, to_broker_);
  }
  if (!terminal_) return fail(Errc::corrupt, "a message to no terminal");
  if (auto done = terminal_->message(message); !done) return done;
  if (terminal_->ended()) over_ = true;
  return socket_->take_output(output_);
}

void Conversation::was_written() {
  if (terminal_ && !over_) terminal_->left_over(output_.size());
}

void Conversation::ping() {
  if (!socket_ || over_) return;
  socket_->ping();
  (void)socket_->take_output(output_);
}

}  // namespace sallyport::front::web
