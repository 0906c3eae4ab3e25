// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on one connection, inside TLS: requests in, one at a time, answers out. Untrusted side; it knows no socket.
// The built pages it serves itself; everything below /api is the broker's to answer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "front/web/http_answer.h"
#include "front/web/http_request.h"
#include "front/web/json_reader.h"
#include "front/web/pages.h"
#include "front/web/terminal_socket.h"
#include "front/web/web_socket.h"

namespace sallyport::ipc {
class BrokerToWeb;
class WebClose;
class WebFrame;
class WebHead;
class WebPiece;
class WebToBroker;
class WebWatched;
}  // namespace sallyport::ipc

namespace sallyport::front::web {

class Conversation {
 public:
  static constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{4} << 20;
  /// What may wait for the client; above it, no further answer is taken from the broker.
  static constexpr std::size_t kMaxOutputBytes = 256 * 1024;

  using ToBroker = std::function<void(const ipc::WebToBroker&)>;
  /// All of it must outlive the conversation.
  Conversation(const Pages& pages, const base::Clock& clock, base::Random& random, ToBroker to_broker);

  /// Each request is the last of its connection.
  void limit_to_one_request() { one_request_ = true; }
  /// What the client said. Errors: it broke the rules, and the connection ends; an answer may be in output().
  base::Status feed(base::ByteView plain);
  /// What is to be said to the client.
  base::Bytes& output() { return output_; }
  /// Nothing more will be said.
  bool over() const { return over_; }
  /// No further request is taken: over when the answer under way has gone.
  void say_goodbye();
  /// The client has not begun a request.
  bool idle() const { return state_ == State::head && input_.empty(); }
  bool has_socket() const { return socket_ != nullptr; }
  /// The client is not to be read now: a terminal has more typed bytes than it may send on.
  bool holds() const { return terminal_ && terminal_->holds(); }
  /// output() has gone as far as it does now.
  void was_written();
  /// Asks the client of a WebSocket for a sign of life.
  void ping();

  // The broker's words. Errors: they make no sense here.
  base::Status head(const ipc::WebHead& head);
  base::Status piece(const ipc::WebPiece& piece);
  base::Status frame(const ipc::WebFrame& frame);
  base::Status watched(const ipc::WebWatched& watched);
  base::Status close(const ipc::WebClose& close);
  /// Whatever concerns a terminal, its beginning included.
  base::Status terminal(const ipc::BrokerToWeb& message);

 private:
  enum class State : std::uint8_t { head, body, waiting, answering, socket, done };

  base::Status take_head();
  base::Status refuse(const HttpRefusal& refusal);
  void begin();
  void serve_page();
  void send_page(const Page& page, bool is_start);
  void forward();
  base::Status take_body();
  void read_body(base::ByteView bytes);
  void say(std::string_view text);
  void answer_whole(AnswerHead head, std::string_view body);
  void answered();
  base::Status open_socket();
  void socket_message(WebSocket::Kind kind, base::ByteView bytes);
  base::Status socket_input();
  bool is_due(std::uint64_t number) const;

  const Pages& pages_;
  const base::Clock& clock_;
  base::Random& random_;
  const ToBroker to_broker_;
  State state_ = State::head;
  base::Bytes input_;
  base::Bytes output_;
  HttpRequest request_;
  std::uint64_t number_ = 0;
  std::uint64_t body_left_ = 0;
  std::unique_ptr<JsonReader> body_;  // while somebody waits for it
  bool answer_begun_ = false;
  bool answer_done_ = false;
  Framing framing_ = Framing::length;
  std::int64_t answer_left_ = 0;
  bool close_after_ = false;
  bool one_request_ = false;
  bool goodbye_ = false;
  bool over_ = false;
  std::unique_ptr<WebSocket> socket_;
  std::unique_ptr<TerminalSocket> terminal_;
  bool breach_ = false;  // the terminal's client said what none says
  base::Bytes event_;    // of a watched session, as far as it came
};

}  // namespace sallyport::front::web
