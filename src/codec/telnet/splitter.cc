// SPDX-License-Identifier: Apache-2.0
// The states of RFC 854's IAC and RFC 855's subnegotiation.
#include "codec/telnet/splitter.h"

#include <algorithm>

namespace sallyport::codec::telnet {

namespace {
bool takes_option(Command command) {
  return command >= Command::will && command <= Command::dont;
}
}  // namespace

base::Status Splitter::feed(base::ByteView bytes, UnitSink& sink) {
  while (!bytes.empty()) {
    if (state_ == State::data) {
      const auto end = std::find(bytes.begin(), bytes.end(), kIac);
      const auto plain = static_cast<std::size_t>(end - bytes.begin());
      if (plain > 0) sink.data(bytes.first(plain));
      bytes = bytes.subspan(plain);
      if (bytes.empty()) break;
      state_ = State::iac;
      bytes = bytes.subspan(1);
      continue;
    }
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    switch (state_) {
      case State::data:
        break;
      case State::iac:
        after_iac(byte, sink);
        break;
      case State::option:
        state_ = State::data;
        sink.negotiation(verb_, byte);
        break;
      case State::sub_option:
        sub_option_ = byte;
        sub_body_.clear();
        sub_bytes_ = 0;
        state_ = State::sub_body;
        break;
      case State::sub_body:
        if (byte == kIac) {
          state_ = State::sub_iac;
        } else {
          keep(byte);
        }
        break;
      case State::sub_iac:
        if (byte == kIac) {
          keep(byte);
          state_ = State::sub_body;
          break;
        }
        if (sub_bytes_ <= kMaxSubnegotiationBytes) sink.subnegotiation(sub_option_, sub_body_);
        // Without SE the sender has begun something else: RFC 855 leaves it open, and what follows counts.
        state_ = State::data;
        if (byte != static_cast<std::uint8_t>(Command::se)) after_iac(byte, sink);
        break;
    }
    if (sub_bytes_ > kMaxSwallowedBytes) return base::fail(base::Errc::invalid, "a subnegotiation without an end");
  }
  return {};
}

void Splitter::after_iac(std::uint8_t byte, UnitSink& sink) {
  state_ = State::data;
  if (byte == kIac) return sink.data({&byte, 1});
  if (byte < static_cast<std::uint8_t>(Command::se)) return;  // no command; RFC 854 gives it no meaning
  verb_ = static_cast<Command>(byte);
  if (verb_ == Command::sb) {
    state_ = State::sub_option;
  } else if (takes_option(verb_)) {
    state_ = State::option;
  } else {
    sink.command(verb_);
  }
}

void Splitter::keep(std::uint8_t byte) {
  ++sub_bytes_;
  if (sub_body_.size() < kMaxSubnegotiationBytes) sub_body_.push_back(byte);
}

}  // namespace sallyport::codec::telnet
