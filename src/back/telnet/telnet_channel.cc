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

// A zero means that another unit counts (RFC 4254 section 6.2): the usual size then.
std::uint16_t bounded(std::uint32_t announced, std::uint16_t usual) {
  return announced == 0 ? usual : static_cast<std::uint16_t>(std::min<std::uint32_t>(announced, 0xffff));
}

codec::telnet::Client::Window window_of(std::uint32_t columns, std::uint32_t rows) {
  return {bounded(columns, 80), bounded(rows, 24)};
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
      terminal_ = true;
      window_ = window_of(request.pty().columns(), request.pty().rows());
      window_due_ = true;
      answer(request, true);
      return {};
    }
    case event::Request::kShell:
      answer(request, terminal_);
      shell_ = shell_ || terminal_;
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
  if (!terminal_ || change.columns() == 0 || change.rows() == 0) return;
  window_ = window_of(change.columns(), change.rows());
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

bool TelnetChannel::holds_target() const {
  return waiting_.size() >= kMaxWaitingBytes;
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
  while (sent < waiting_.size() && credit_ > 0 && !port_.congested()) {
    const std::size_t most = std::min<std::size_t>(waiting_.size() - sent, ipc::kMaxDataBytes);
    const auto part = base::ByteView(waiting_).subspan(sent, std::min<std::uint64_t>(most, credit_));
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
  if (!waiting_.empty()) return waiting_.size();
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
