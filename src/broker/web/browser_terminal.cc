// SPDX-License-Identifier: Apache-2.0
// The channel's events, the room for typed bytes, the words for the user.
#include "broker/web/browser_terminal.h"

#include <algorithm>
#include <utility>

#include "ipc/message_kind.h"
#include "ipc/worker.pb.h"

namespace sallyport::broker::web {

using event::Event;

namespace {

constexpr std::uint32_t kChannel = 0;  // a front's numbers are even
constexpr const char* kTerm = "xterm-256color";
// RFC 4254 section 8, RFC 8160: what is typed is UTF-8, and the end of the list.
constexpr std::string_view kModes("\x2a\x00\x00\x00\x01\x00", 6);
constexpr std::string_view kOurName = "Sallyport: ";

// In the browser it stands beside the terminal, and nobody takes it for the target's.
std::string without_name(const std::string& text) {
  return text.starts_with(kOurName) ? text.substr(kOurName.size()) : text;
}

}  // namespace

BrowserTerminal::BrowserTerminal(Means means, std::uint64_t number, Size size)
    : means_(std::move(means)), wire_(means_.wire), number_(number), size_(size) {}

void BrowserTerminal::begin(UserSession& session, Keepalive keepalive) {
  session_ = &session;
  ipc::BrokerToWeb message;
  message.mutable_connected()->set_number(number_);
  message.mutable_connected()->set_session(session.id());
  message.mutable_connected()->set_keepalive_seconds(keepalive.seconds);
  message.mutable_connected()->set_keepalive_unanswered(keepalive.unanswered);
  wire_.send(message);
  show_state({}, false);
  Event event;
  event.mutable_channel_open()->set_channel(kChannel);
  event.mutable_channel_open()->set_type("session");
  event.mutable_channel_open()->set_window(kWindowBytes);
  say_soon(event);
}

void BrowserTerminal::say(const Event& event) {
  if (session_ == nullptr) return;
  const std::string bytes = event.SerializeAsString();
  session_->front_event(base::view(bytes));
}

// In answer to an event, which the relay has not done with.
void BrowserTerminal::say_soon(const Event& event) {
  means_.later([this, event, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) say(event);
  });
}

// What the front says.

void BrowserTerminal::take(ipc::WebToBroker& message) {
  using Kind = ipc::WebToBroker;
  const auto of_ours = [this](const auto& part) {
    if (part.number() != number_) wire_.kill("a terminal's message to another request");
    return part.number() == number_ && !over_;
  };
  switch (message.kind_case()) {
    case Kind::kTyped:
      if (of_ours(message.typed())) typed(message.typed());
      return;
    case Kind::kResize:
      if (of_ours(message.resize())) resize({message.resize().columns(), message.resize().rows()});
      return;
    case Kind::kTaken:
      if (of_ours(message.taken())) taken(message.taken().bytes());
      return;
    case Kind::kProof:
      if (of_ours(message.proof())) prove(*message.mutable_proof());
      return;
    default:
      wire_.kill("no message of a terminal");
  }
}

void BrowserTerminal::typed(const ipc::WebTyped& typed) {
  const std::string& bytes = typed.bytes();
  if (stage_ == Stage::closed || bytes.empty()) return;  // the program's end crossed it
  if (bytes.size() > room_ || bytes.size() > ipc::kMaxDataBytes) return wire_.kill("more typed than there is room for");
  room_ -= static_cast<std::uint32_t>(bytes.size());
  typed_total_ += bytes.size();
  Event event;
  event.mutable_data()->set_channel(kChannel);
  event.mutable_data()->set_bytes(bytes);
  say(event);
  grant();
}

void BrowserTerminal::taken(std::uint32_t bytes) {
  if (bytes > untaken_) return wire_.kill("more taken than was sent");
  untaken_ -= bytes;
  ipc::Credit credit;
  credit.set_channel(kChannel);
  credit.set_bytes(bytes);
  if (session_ != nullptr) session_->front_credit(credit);
}

void BrowserTerminal::prove(ipc::WebProof& proof) {
  std::string& secret = *proof.mutable_secret();
  if (session_ != nullptr) session_->front_reauthenticate(base::view(secret));
  base::wipe(secret.data(), secret.size());
}

// Before the terminal is asked for, it is asked for with the last size. Later, whoever drags a window makes many.
void BrowserTerminal::resize(Size size) {
  if (size.columns == 0 || size.columns > kMaxColumns || size.rows == 0 || size.rows > kMaxRows) {
    return wire_.kill("a size that no terminal has");
  }
  if (stage_ == Stage::closed) return;
  if (stage_ == Stage::opening) {
    size_ = size;
  } else if (resize_rests_) {
    next_size_ = size;
  } else {
    say_size(size);
  }
}

void BrowserTerminal::say_size(Size size) {
  next_size_.reset();
  if (size.columns == size_.columns && size.rows == size_.rows) return;
  size_ = size;
  Event event;
  event.mutable_request()->set_channel(kChannel);
  event.mutable_request()->mutable_window_change()->set_columns(size.columns);
  event.mutable_request()->mutable_window_change()->set_rows(size.rows);
  say(event);
  resize_rests_ = true;
  means_.resize_alarm.after_us(kResizeUs, [this] {
    resize_rests_ = false;
    if (next_size_ && stage_ != Stage::closed) say_size(*next_size_);
  });
}

// What the session says.

void BrowserTerminal::send_event(base::ByteView bytes) {
  Event event;
  if (over_ || !event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  switch (event.kind_case()) {
    case Event::kChannelOpened:
      up_window_ += event.channel_opened().window();
      return ask_for_terminal();
    case Event::kChannelRefused:
      stage_ = Stage::closed;
      reason_ = "the session's channel was refused";
      return end(kNoStatus, "There is no terminal: " + without_name(event.channel_refused().text()));
    case Event::kRequestAnswer:
      return answered(event.request_answer().ok());
    case Event::kData:
      return output(event.data());
    case Event::kExit:
      if (event.exit().has_signal()) signal_ = event.exit().signal().name();
      if (!event.exit().has_signal()) status_ = event.exit().status();
      return;
    case Event::kClose:
      return program_ended();
    default:  // what is set on a terminal ends with the page's
      return;
  }
}

void BrowserTerminal::ask_for_terminal() {
  if (stage_ != Stage::opening) return;
  stage_ = Stage::terminal_asked;
  Event event;
  event::Request& request = *event.mutable_request();
  request.set_channel(kChannel);
  request.set_want_answer(true);
  request.mutable_pty()->set_term(kTerm);
  request.mutable_pty()->set_columns(size_.columns);
  request.mutable_pty()->set_rows(size_.rows);
  request.mutable_pty()->set_modes(std::string(kModes));
  say_soon(event);
}

void BrowserTerminal::ask_for_shell() {
  stage_ = Stage::shell_asked;
  Event event;
  event.mutable_request()->set_channel(kChannel);
  event.mutable_request()->set_want_answer(true);
  event.mutable_request()->mutable_shell();
  say_soon(event);
}

// A shell without a terminal is nothing that a browser can show.
void BrowserTerminal::answered(bool ok) {
  const std::string why = why_not_.empty() ? "The target gives no terminal with a shell." : why_not_;
  if (stage_ == Stage::terminal_asked) {
    return ok ? ask_for_shell() : give_up(why, "no terminal was given");
  }
  if (stage_ != Stage::shell_asked) return;
  if (!ok) return give_up(why, "no shell was started");
  stage_ = Stage::running;
  grant();
  show_state({}, false);
}

void BrowserTerminal::give_up(const std::string& words, const std::string& reason) {
  reason_ = reason;
  close_channel();
  end(kNoStatus, words);
}

void BrowserTerminal::output(const event::Data& data) {
  if (stage_ == Stage::closed) return;
  untaken_ += data.bytes().size();
  if (untaken_ > kWindowBytes) {
    return leave("The session ended because of a fault on the target's side.", "output beyond the window");
  }
  ipc::BrokerToWeb message;
  message.mutable_screen()->set_number(number_);
  message.mutable_screen()->set_bytes(data.bytes());
  wire_.send(message);
}

void BrowserTerminal::close_channel() {
  stage_ = Stage::closed;
  Event event;
  event.mutable_close()->set_channel(kChannel);
  event.mutable_close()->set_main_total(typed_total_);
  say_soon(event);
}

void BrowserTerminal::program_ended() {
  reason_ = "the program ended";
  if (stage_ != Stage::closed) close_channel();
  std::string words = "The target closed the terminal.";
  if (status_) words = "The program ended with status " + std::to_string(*status_) + ".";
  if (!signal_.empty()) words = "The signal " + signal_ + " ended the program.";
  end(status_.value_or(kNoStatus), words);
}

void BrowserTerminal::send_credit(const ipc::Credit& credit) {
  up_window_ += credit.bytes();
  grant();
}

void BrowserTerminal::hold_events(bool hold) {
  holds_ = hold;
  grant();
}

// In large pieces: a key costs no message of its own.
void BrowserTerminal::grant() {
  if (stage_ != Stage::running || holds_ || over_ || room_ > kRoomBytes / 2 || up_window_ == 0) return;
  const auto more = static_cast<std::uint32_t>(std::min<std::uint64_t>(up_window_, kRoomBytes - room_));
  up_window_ -= more;
  room_ += more;
  ipc::BrokerToWeb message;
  message.mutable_room()->set_number(number_);
  message.mutable_room()->set_bytes(more);
  wire_.send(message);
}

// Only what has no terminal goes through a ring.
void BrowserTerminal::send_bulk_start(const ipc::BulkStart&, std::span<const int>) {
  leave("The session ended because of a fault in the gateway.", "bulk data for a terminal");
}

void BrowserTerminal::ready(const TargetGreeting& greeting) {
  ready_ = true;
  if (over_) return;
  request_.clear();
  if (!greeting.text.empty()) {
    ipc::BrokerToWeb message;
    message.mutable_greeting()->set_number(number_);
    message.mutable_greeting()->set_text(greeting.text);
    wire_.send(message);
  }
  show_state({}, false);
}

// Whoever tells has not always done yet what it is about: the state is that of afterwards.
void BrowserTerminal::tell(const Notice& notice) {
  if (notice.channel && stage_ != Stage::running) {
    why_not_ = without_name(notice.text);
    return;
  }
  if (notice.session == Notice::Session::waits) {
    waits_ = true;
    request_ = notice.request;
  }
  const bool goes_on = notice.session == Notice::Session::goes_on;
  means_.later([this, words = without_name(notice.text), goes_on, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) show_state(words, goes_on);
  });
}

void BrowserTerminal::ask_password(const std::string& prompt, Asked) {
  if (over_) return;
  ipc::BrokerToWeb message;
  message.mutable_ask()->set_number(number_);
  message.mutable_ask()->set_prompt(prompt);
  wire_.send(message);
}

std::string BrowserTerminal::state() const {
  if (!ready_) return waits_ ? "held" : "opening";
  if (stage_ != Stage::running || session_ == nullptr) return "opening";
  switch (session_->gate()) {
    case Session::Gate::shut:
      return "paused";
    case Session::Gate::supervised:
      return "supervised";
    case Session::Gate::open:
      break;
  }
  return "live";
}

void BrowserTerminal::show_state(const std::string& words, bool goes_on) {
  if (over_) return;
  ipc::BrokerToWeb message;
  ipc::WebState& out = *message.mutable_state();
  out.set_number(number_);
  out.set_state(state());
  out.set_words(words);
  out.set_code(ready_ ? "" : request_);
  out.set_goes_on(goes_on);
  wire_.send(message);
}

void BrowserTerminal::terminate(const std::string& text, Goodbye) {
  end(status_.value_or(kNoStatus), text);
}

void BrowserTerminal::leave(const std::string& words, const std::string& reason) {
  if (over_) return;
  reason_ = reason;
  end(kNoStatus, words);
}

// What was sent before goes first, by the order of messages.
void BrowserTerminal::end(std::uint32_t status, const std::string& words, const std::string& code) {
  if (std::exchange(over_, true)) return;
  stage_ = Stage::closed;
  means_.resize_alarm.cancel();
  ipc::BrokerToWeb message;
  ipc::WebEnd& out = *message.mutable_end();
  out.set_number(number_);
  out.set_status(status);
  out.set_words(without_name(words));
  out.set_code(code);
  wire_.send(message);
  if (const auto ended = std::exchange(means_.ended, nullptr)) ended();
}

}  // namespace sallyport::broker::web
