// SPDX-License-Identifier: Apache-2.0
// The screen of one channel with a terminal, as a back sees it, and what it tells of it: keyframes and traits.
// Untrusted side; it feeds on the target's output and says nothing but these two events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "codec/terminal/terminal.h"
#include "leg/broker_port.h"

namespace sallyport::leg::terminal {

class TerminalModel {
 public:
  TerminalModel(std::uint32_t channel, codec::terminal::Size size) : channel_(channel), terminal_(size) {}

  /// Output that goes to the user.
  void feed(base::ByteView output);
  void resize(codec::terminal::Size size) { terminal_.resize(size); }
  void want_keyframe() { keyframe_due_ = true; }

  /// Something is to be told.
  bool due() const { return keyframe_due_ || telling() || traits_due_; }
  /// A screen is told in part: no output of the channel may come before the rest.
  bool telling() const { return !screen_.empty(); }
  /// Tells what is due, between two outputs. False: the broker does not keep up, and some is left.
  bool tell(BrokerPort& port);

 private:
  void tell_traits(BrokerPort& port);
  void render();
  void send_part(BrokerPort& port);

  const std::uint32_t channel_;
  codec::terminal::Terminal terminal_;
  std::size_t since_keyframe_ = 0;  // bytes of output
  std::size_t last_keyframe_bytes_ = 0;
  bool keyframe_due_ = false;
  bool traits_due_ = false;
  codec::terminal::Traits told_;  // as of the last TerminalState
  // A screen that is being told. It may be larger than all that a worker may queue.
  std::string screen_;
  codec::terminal::Size screen_size_;
  std::size_t sent_ = 0;
};

}  // namespace sallyport::leg::terminal
