// SPDX-License-Identifier: Apache-2.0
// The numbers of Telnet: commands (RFC 854), option negotiation (RFC 855) and the options that this client knows.
#pragma once

#include <cstdint>

namespace sallyport::codec::telnet {

/// RFC 854, "TELNET COMMAND STRUCTURE". Each follows an IAC.
enum class Command : std::uint8_t {
  se = 240,
  nop = 241,
  data_mark = 242,
  brk = 243,
  interrupt = 244,
  abort_output = 245,
  are_you_there = 246,
  erase_character = 247,
  erase_line = 248,
  go_ahead = 249,
  sb = 250,
  will = 251,
  wont = 252,
  do_it = 253,
  dont = 254,
};
inline constexpr std::uint8_t kIac = 255;

/// The options that this client can agree to. It refuses every other one.
enum class Option : std::uint8_t {
  binary = 0,             ///< RFC 856
  echo = 1,               ///< RFC 857
  suppress_go_ahead = 3,  ///< RFC 858
  terminal_type = 24,     ///< RFC 1091
  window_size = 31,       ///< RFC 1073
};

/// RFC 1091: what follows the option in a terminal-type subnegotiation.
inline constexpr std::uint8_t kTerminalTypeIs = 0;
inline constexpr std::uint8_t kTerminalTypeSend = 1;

}  // namespace sallyport::codec::telnet
