// SPDX-License-Identifier: Apache-2.0
// Requests, data and the end of the channel.
#include "back/telnet/telnet_channel.h"

#include <algorithm>

#include "ipc/message_kind.h"
#include "ipc/telnet.pb.h"

namespace sallyport::back::telnet {

namespace {

using base::Errc;
using base::fail;
using event::Event;

constexpr std::uint32_t kResourceShortage = 4;  // RFC 4254 section 5.1
// Above this, the target does not read, and new window sizes wait for it.
constexpr std::size_t kMaxUnwrittenBytes = 64 * 1024;

codec::telnet::Client::Window window_of(codec::terminal::Size size) {
  return {static_cast<std::uint16_t>(size.columns), static_cast<std::uint16_t>(size.rows)};
}

}  // namespace

base::Status TelnetChannel::far_event(const Event& event) {
  switch (event.kind_case()) {
    case Event::kChannelOpen:
      open(event.channel_open());
      return {};
    case Event::kRequest:
      return request(event.request());
    case Event::kData: {
      if (event.data().channel() != number_) break;
      if (event.data().bytes().size() > kWindowBytes - typed_) return fail(Errc::corrupt, "more data than credit");
      typed_ += static_cast<std::uint32_t>(event.data().bytes().size());
      client_.type(base::view(event.data().bytes()));
      return {};
    }
    case Event::kEof:  // Telnet ends in both directions at once
      if (event.eof().channel() != number_) break;
      return {};
    case Event::kClose:
      if (event.close().channel() != number_) break;
      closed_by_user_ = true;
      tell_end();
      return {};
    default:
      break;
  }
  return fail(Errc::corrupt, "an event that no Telnet back takes");
}

void TelnetChannel::open(const event::ChannelOpen& open) {
  Event answer;
  if (number_) {
    answer.mutable_channel_refused()->set_channel(open.channel());
    answer.mutable_channel_refused()->set_reason(kResourceShortage);
    answer.mutable_channel_refused()->set_text("Sallyport: a Telnet session has one terminal");
  } else {
    number_ = open.channel();
    credit_ = open.window();
    answer.mutable_channel_opened()->set_channel(open.channel());
    answer.mutable_channel_opened()->set_window(kWindowBytes);
  }
  port_.send_event(answer);
}

base::Status TelnetChannel::request(const event::Request& request) {
  if (request.channel() != number_) return fail(Errc::corrupt, "a request on no channel");
  if (ended_) return {};
  switch (request.what_case()) {
    case event::Request::kPty: {
      const auto size = codec::terminal::announced_size(request.pty().columns(), request.pty().rows());
      if (!terminal_) terminal_ = std::make_unique<leg::terminal::TerminalModel>(*number_, size);
      terminal_->resize(size);
      window_ = window_of(size);
      window_due_ = true;
      answer(request, true);
      return {};
    }
    case event::Request::kShell:
      answer(request, terminal_ != nullptr);
      shell_ = shell_ || terminal_ != nullptr;
      return {};
    case event::Request::kWindowChange:
      window_change(request.window_change());
      answer(request, true);
      return {};
    case event::Request::kBreakRequest:
      client_.send_break();
      answer(request, true);
      return {};
    default:
      answer(request, false);  // the variables and signals of SSH have no place in Telnet
      return {};
  }
}

void TelnetChannel::answer(const event::Request& request, bool ok) {
  if (!request.want_answer()) return;
  Event event;
  event.mutable_request_answer()->set_channel(request.channel());
  event.mutable_request_answer()->set_ok(ok);
  port_.send_event(event);
}

void TelnetChannel::window_change(const event::Request::WindowChange& change) {
  const auto size = codec::terminal::changed_size(change.columns(), change.rows());
  if (!size || !terminal_) return;
  terminal_->resize(*size);
  window_ = window_of(*size);
  window_due_ = true;
}

base::Status TelnetChannel::far_credit(std::uint32_t channel, std::uint32_t bytes) {
  if (channel != number_) return fail(Errc::corrupt, "credit on no channel");
  credit_ += bytes;
  return {};
}

void TelnetChannel::show(base::ByteView output) {
  waiting_.insert(waiting_.end(), output.begin(), output.end());
}

void TelnetChannel::want_keyframe() {
  if (terminal_) terminal_->want_keyframe();
}

bool TelnetChannel::holds_target() const {
  return waiting_.size() >= kMaxWaitingBytes || (terminal_ && terminal_->telling());
}

void TelnetChannel::pump() {
  if (window_due_ && client_.output().size() < kMaxUnwrittenBytes) {
    window_due_ = false;
    client_.resize(window_);
  }
  if (typed_ > 0 && client_.output().size() < kMaxUnwrittenBytes && !ended_) {
    ipc::TelnetToBroker message;
    message.mutable_credit()->set_channel(*number_);
    message.mutable_credit()->set_bytes(typed_);
    typed_ = 0;
    port_.send_control(message);
  }
  if (!shell_ || ended_) return;
  std::size_t sent = 0;
  while (terminal_->tell(port_) && sent < waiting_.size() && credit_ > 0 && !port_.congested()) {
    const std::size_t most = std::min<std::size_t>(waiting_.size() - sent, ipc::kMaxDataBytes);
    const auto part = base::ByteView(waiting_).subspan(sent, std::min<std::uint64_t>(most, credit_));
    terminal_->feed(part);
    port_.send_data(*number_, leg::StreamId::main, part);
    sent += part.size();
    credit_ -= part.size();
    told_ += part.size();
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(sent));
}

std::size_t TelnetChannel::drain() {
  pump();
  if (!number_ || !shell_ || ended_) return 0;
  if (!waiting_.empty() || terminal_->due()) return waiting_.size() + 1;
  Event exit;
  exit.mutable_exit()->set_channel(*number_);
  exit.mutable_exit()->set_status(0);  // Telnet tells none
  port_.send_event(exit);
  tell_end();
  return 0;
}

void TelnetChannel::tell_end() {
  if (ended_) return;
  ended_ = true;
  waiting_.clear();
  Event event;
  event.mutable_close()->set_channel(*number_);
  event.mutable_close()->set_main_total(told_);
  port_.send_event(event);
}

}  // namespace sallyport::back::telnet
