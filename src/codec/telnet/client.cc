// SPDX-License-Identifier: Apache-2.0
// Data, answers and subnegotiations of a Telnet client.
#include "codec/telnet/client.h"

#include <algorithm>
#include <utility>

namespace sallyport::codec::telnet {

namespace {
// A target asks for the terminal's name once, or in turn until a name repeats (RFC 1091).
constexpr std::size_t kMaxToldTypes = 64;
constexpr std::uint8_t kCr = 13;

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= Client::kMaxTerminalName &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}
}  // namespace

void Client::start(std::string terminal_name, Window window) {
  terminal_name_ = is_name(terminal_name) ? std::move(terminal_name) : "unknown";
  window_ = window;
  options_.ask(Option::suppress_go_ahead, out_);
  options_.offer(Option::terminal_type, out_);
  options_.offer(Option::window_size, out_);
}

base::Status Client::feed(base::ByteView bytes, base::Bytes& shown) {
  shown_ = &shown;
  auto split = splitter_.feed(bytes, *this);
  shown_ = nullptr;
  if (!split) return split;
  return std::exchange(breach_, {});
}

// RFC 854, "THE NVT PRINTER AND KEYBOARD": CR NUL is a carriage return alone; a NUL elsewhere does nothing there.
void Client::data(base::ByteView bytes) {
  if (options_.theirs(Option::binary)) {
    after_cr_ = false;
    shown_->insert(shown_->end(), bytes.begin(), bytes.end());
    return;
  }
  for (const std::uint8_t byte : bytes) {
    const bool padding = byte == 0 && after_cr_;
    after_cr_ = byte == kCr;
    if (!padding) shown_->push_back(byte);
  }
}

// NOP, GA, DM and the rest ask nothing of a client with a screen of its own.
void Client::command(Command) {}

void Client::negotiation(Command verb, std::uint8_t option) {
  if (!breach_) return;
  auto change = options_.heard(verb, option, out_);
  if (!change) {
    breach_ = base::pass(change);
    return;
  }
  if (*change == Options::Change::ours_on && option == static_cast<std::uint8_t>(Option::window_size)) tell_window();
}

void Client::subnegotiation(std::uint8_t option, base::ByteView body) {
  const bool asks_type = option == static_cast<std::uint8_t>(Option::terminal_type) && body.size() == 1 &&
                         body.front() == kTerminalTypeSend;
  if (!asks_type || !options_.ours(Option::terminal_type)) return;
  if (++told_types_ > kMaxToldTypes) {
    breach_ = base::fail(base::Errc::invalid, "the terminal's name is asked for without end");
    return;
  }
  out_.insert(out_.end(), {kIac, static_cast<std::uint8_t>(Command::sb),
                           static_cast<std::uint8_t>(Option::terminal_type), kTerminalTypeIs});
  out_.insert(out_.end(), terminal_name_.begin(), terminal_name_.end());
  out_.insert(out_.end(), {kIac, static_cast<std::uint8_t>(Command::se)});
}

void Client::put(std::uint8_t byte) {
  out_.push_back(byte);
  if (byte == kIac) out_.push_back(byte);
}

void Client::type(base::ByteView bytes) {
  const bool binary = options_.ours(Option::binary);
  for (const std::uint8_t byte : bytes) {
    put(byte);
    if (byte == kCr && !binary) out_.push_back(0);
  }
}

void Client::resize(Window window) {
  window_ = window;
  if (options_.ours(Option::window_size)) tell_window();
}

void Client::tell_window() {
  out_.insert(out_.end(),
              {kIac, static_cast<std::uint8_t>(Command::sb), static_cast<std::uint8_t>(Option::window_size)});
  for (const std::uint16_t side : {window_.columns, window_.rows}) {
    put(static_cast<std::uint8_t>(side >> 8));
    put(static_cast<std::uint8_t>(side & 0xff));
  }
  out_.insert(out_.end(), {kIac, static_cast<std::uint8_t>(Command::se)});
}

void Client::send_break() {
  out_.insert(out_.end(), {kIac, static_cast<std::uint8_t>(Command::brk)});
}

}  // namespace sallyport::codec::telnet
