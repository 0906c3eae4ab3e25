// SPDX-License-Identifier: Apache-2.0
// Frames to messages, messages to frames.
#include "front/web/terminal_socket.h"

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "front/web/terminal_frame.h"
#include "ipc/message_kind.h"
#include "ipc/web.pb.h"

namespace sallyport::front::web {

using base::Errc;
using base::fail;

namespace {
constexpr unsigned kNormal = 1000;  // RFC 6455 section 7.4.1
constexpr std::size_t kMaxPromptBytes = 1024;
}  // namespace

TerminalSocket::TerminalSocket(std::uint64_t number, WebSocket& socket, ToBroker to_broker)
    : number_(number), socket_(socket), to_broker_(std::move(to_broker)) {}

TerminalSocket::~TerminalSocket() {
  base::wipe(waiting_.data(), waiting_.size());
}

base::Status TerminalSocket::frame(WebSocket::Kind kind, base::ByteView bytes) {
  if (ended_) return {};
  if (kind == WebSocket::Kind::binary) {
    if (prompt_ || judged_) {
      answer_prompt(bytes);
    } else {
      type(bytes);
    }
    return {};
  }
  const auto size = read_resize(base::text(bytes));
  if (!size) return fail(Errc::invalid, "a text frame that no terminal takes");
  ipc::WebToBroker message;
  message.mutable_resize()->set_number(number_);
  message.mutable_resize()->set_columns(size->columns);
  message.mutable_resize()->set_rows(size->rows);
  to_broker_(message);
  return {};
}

void TerminalSocket::type(base::ByteView bytes) {
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  send_typed();
}

void TerminalSocket::send_typed() {
  std::size_t sent = 0;
  while (sent < waiting_.size() && room_ > 0) {
    const std::size_t size = std::min<std::uint64_t>({waiting_.size() - sent, room_, ipc::kMaxDataBytes});
    ipc::WebToBroker message;
    message.mutable_typed()->set_number(number_);
    message.mutable_typed()->set_bytes(waiting_.data() + sent, size);
    to_broker_(message);
    base::wipe(message.mutable_typed()->mutable_bytes()->data(), size);
    room_ -= size;
    sent += size;
  }
  // Passwords of the target are typed, too.
  base::wipe(waiting_.data(), sent);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(sent));
}

void TerminalSocket::answer_prompt(base::ByteView keys) {
  if (!prompt_ || !prompt_->input(keys)) return;
  const base::SecretBytes line = prompt_->take();
  prompt_.reset();
  judged_ = true;
  ipc::WebToBroker message;
  message.mutable_proof()->set_number(number_);
  message.mutable_proof()->set_secret(line.view().data(), line.size());
  to_broker_(message);
  base::wipe(message.mutable_proof()->mutable_secret()->data(), line.size());
  show("\r\n");
}

// Our own words in the terminal, which are no part of what the target said: nothing is owed for them.
void TerminalSocket::show(std::string_view bytes) {
  socket_.send(WebSocket::Kind::binary, base::view(bytes));
}

void TerminalSocket::tell(const std::string& text) {
  socket_.send(WebSocket::Kind::text, base::view(text));
}

base::Status TerminalSocket::message(const ipc::BrokerToWeb& message) {
  using Kind = ipc::BrokerToWeb;
  if (ended_) return {};
  switch (message.kind_case()) {
    case Kind::kConnected:
      tell(session_frame(message.connected().session()));
      return {};
    case Kind::kScreen:
      socket_.send(WebSocket::Kind::binary, base::view(message.screen().bytes()));
      untaken_ += message.screen().bytes().size();
      return {};
    case Kind::kState:
      if (message.state().goes_on()) {
        prompt_.reset();
        judged_ = false;
      }
      tell(state_frame(message.state().state(), message.state().words(), message.state().code()));
      return {};
    case Kind::kRoom:
      room_ += message.room().bytes();
      send_typed();
      return {};
    case Kind::kAsk:
      if (!prompt_) prompt_.emplace();
      judged_ = false;
      show("\r\n" + base::escape_for_terminal(message.ask().prompt(), kMaxPromptBytes));
      return {};
    case Kind::kGreeting: {
      std::string shown;
      for (std::string_view rest = message.greeting().text(); !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        shown += base::mask_for_terminal(rest.substr(0, end)) + "\r\n";
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      show(shown);
      return {};
    }
    case Kind::kEnd:
      ended_ = true;
      tell(end_frame(message.end().status(), message.end().words(), message.end().code()));
      socket_.close(kNormal, "the session has ended");
      return {};
    default:
      return fail(Errc::corrupt, "a message that no terminal takes");
  }
}

// What is left may all be of the screen.
void TerminalSocket::left_over(std::size_t bytes) {
  const std::uint64_t taken = untaken_ - std::min<std::uint64_t>(untaken_, bytes);
  if (taken == 0 || (taken < kTakenBytes && bytes > 0)) return;
  untaken_ -= taken;
  ipc::WebToBroker message;
  message.mutable_taken()->set_number(number_);
  message.mutable_taken()->set_bytes(static_cast<std::uint32_t>(taken));
  to_broker_(message);
}

}  // namespace sallyport::front::web
