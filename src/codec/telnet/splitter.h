// SPDX-License-Identifier: Apache-2.0
// Cuts a Telnet byte stream (RFC 854, RFC 855) into data, commands, negotiations and subnegotiations. Untrusted side;
// pure. It gives the same units however the stream was cut, and holds at most one bounded subnegotiation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/telnet/protocol.h"

namespace sallyport::codec::telnet {

/// Receives the units, in the order of the stream.
class UnitSink {
 public:
  virtual ~UnitSink() = default;
  /// Bytes for the terminal; a doubled IAC is one byte of 255 here.
  virtual void data(base::ByteView bytes) = 0;
  /// A command without an option: NOP, DM, BRK, GA …
  virtual void command(Command command) = 0;
  /// WILL, WONT, DO or DONT.
  virtual void negotiation(Command verb, std::uint8_t option) = 0;
  /// What stood between IAC SB option and IAC SE.
  virtual void subnegotiation(std::uint8_t option, base::ByteView body) = 0;
};

class Splitter {
 public:
  /// A longer subnegotiation is swallowed whole: no option that we know needs more.
  static constexpr std::size_t kMaxSubnegotiationBytes = 512;
  /// One that goes on for longer than this is no subnegotiation.
  static constexpr std::size_t kMaxSwallowedBytes = 64 * 1024;

  /// Errors: invalid, when a subnegotiation does not end. The stream is of no use afterwards.
  base::Status feed(base::ByteView bytes, UnitSink& sink);

 private:
  enum class State : std::uint8_t { data, iac, option, sub_option, sub_body, sub_iac };
  void after_iac(std::uint8_t byte, UnitSink& sink);
  void keep(std::uint8_t byte);

  State state_ = State::data;
  Command verb_ = Command::nop;
  std::uint8_t sub_option_ = 0;
  base::Bytes sub_body_;
  std::size_t sub_bytes_ = 0;
};

}  // namespace sallyport::codec::telnet
