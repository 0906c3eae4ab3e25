// SPDX-License-Identifier: Apache-2.0
// The client's end of one Telnet connection: the target's bytes become terminal output, what the user does becomes
// Telnet. Untrusted side; pure: no socket, no clock. What it wants sent gathers in output().
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/telnet/options.h"
#include "codec/telnet/splitter.h"

namespace sallyport::codec::telnet {

class Client : private UnitSink {
 public:
  struct Window {
    std::uint16_t columns = 80;
    std::uint16_t rows = 24;
  };
  /// RFC 1091 terminal names; a longer one is not told.
  static constexpr std::size_t kMaxTerminalName = 40;

  /// Offers terminal type and window size, and asks for character-at-a-time with the target's echo.
  void start(std::string terminal_name, Window window);

  /// The target's bytes; appends what the terminal is to show to shown. Errors: invalid, the target's breach; the
  /// connection is to be closed.
  base::Status feed(base::ByteView bytes, base::Bytes& shown);
  /// What the user typed: a 255 is doubled, and CR is sent as RFC 854 wants it unless the connection is binary.
  void type(base::ByteView bytes);
  /// RFC 1073, if the target asked to be told.
  void resize(Window window);
  /// RFC 854 BRK.
  void send_break();

  /// What is to be sent. The caller takes away what it sent.
  base::Bytes& output() { return out_; }
  /// Whether the target echoes. A target that does not, as during a password, shows nothing of what is typed.
  bool target_echoes() const { return options_.theirs(Option::echo); }

 private:
  void data(base::ByteView bytes) override;
  void command(Command command) override;
  void negotiation(Command verb, std::uint8_t option) override;
  void subnegotiation(std::uint8_t option, base::ByteView body) override;
  void tell_window();
  void put(std::uint8_t byte);

  Splitter splitter_;
  Options options_;
  base::Bytes out_;
  base::Bytes* shown_ = nullptr;  // during feed()
  base::Status breach_;
  std::string terminal_name_;
  Window window_;
  bool after_cr_ = false;  // received: a NUL may follow
  std::size_t told_types_ = 0;
};

}  // namespace sallyport::codec::telnet
