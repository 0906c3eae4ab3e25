// SPDX-License-Identifier: Apache-2.0
// A terminal in the browser, between its WebSocket and the broker: bytes in binary frames, everything else in text
// frames. Untrusted side; pure. What is typed waits here until the broker has room for it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "front/web/web_socket.h"
#include "leg/password_prompt.h"

namespace sallyport::ipc {
class BrokerToWeb;
class WebToBroker;
}  // namespace sallyport::ipc

namespace sallyport::front::web {

class TerminalSocket {
 public:
  /// Typed bytes that may wait; more is not read from the client.
  static constexpr std::size_t kMaxWaitingBytes = 64 * 1024;
  /// Output is told to be taken in pieces of this size, and when none is left.
  static constexpr std::uint64_t kTakenBytes = 32 * 1024;

  using ToBroker = std::function<void(const ipc::WebToBroker&)>;
  /// Both must outlive it.
  TerminalSocket(std::uint64_t number, WebSocket& socket, ToBroker to_broker);
  ~TerminalSocket();
  TerminalSocket(const TerminalSocket&) = delete;
  TerminalSocket& operator=(const TerminalSocket&) = delete;

  /// A frame of the client's. Errors: invalid, it says nothing that a page says.
  base::Status frame(WebSocket::Kind kind, base::ByteView bytes);
  /// More typed bytes wait than may.
  bool holds() const { return waiting_.size() >= kMaxWaitingBytes; }
  /// A message of the broker's; the end closes the socket. Errors: corrupt, it is none of a terminal's.
  base::Status message(const ipc::BrokerToWeb& message);
  bool ended() const { return ended_; }
  /// So many bytes of all that was queued for the client have not left yet.
  void left_over(std::size_t bytes);

 private:
  void type(base::ByteView bytes);
  void send_typed();
  void answer_prompt(base::ByteView keys);
  void show(std::string_view bytes);
  void tell(const std::string& text);

  const std::uint64_t number_;
  WebSocket& socket_;
  const ToBroker to_broker_;
  base::Bytes waiting_;
  std::uint64_t room_ = 0;
  std::uint64_t untaken_ = 0;
  std::optional<leg::PasswordPrompt> prompt_;
  bool judged_ = false;  // the secret is with the broker: what is typed meanwhile goes nowhere
  bool ended_ = false;
};

}  // namespace sallyport::front::web
