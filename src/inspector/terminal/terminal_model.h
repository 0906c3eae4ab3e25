// SPDX-License-Identifier: Apache-2.0
// The screen of one channel with a terminal, and what is told of it: keyframes and traits. Untrusted side; it feeds on
// the target's output and says nothing but these two events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "codec/terminal/terminal.h"
#include "inspector/decoder.h"

namespace sallyport::inspector::terminal {

class TerminalModel {
 public:
  /// Output between two keyframes that nobody asked for: replay starts from one. A screen that takes more than that to
  /// tell comes less often, so that the record does not grow by screens alone.
  static constexpr std::size_t kKeyframeEveryBytes = 256 * 1024;
  static constexpr std::size_t kMaxKeyframePart = 48 * 1024;

  TerminalModel(std::uint32_t channel, codec::terminal::Size size) : channel_(channel), terminal_(size, 0) {}

  /// Output that went to the user.
  void feed(base::ByteView output);
  void resize(codec::terminal::Size size) { terminal_.resize(size); }
  codec::terminal::Size size() const { return terminal_.size(); }
  /// Output is missing here. The screen stays as it was; what is set on the terminal is unknown from now on.
  void gap();
  void want_keyframe() { keyframe_due_ = true; }

  bool state_due() const;
  void tell_state(Teller& teller, std::uint64_t as_of);
  bool keyframe_due() const { return keyframe_due_ || !screen_.empty(); }
  /// As much as the broker takes now. as_of counts for a screen that is begun.
  void tell_keyframe(Teller& teller, std::uint64_t as_of);

 private:
  void render(std::uint64_t as_of);
  void tell_part(Teller& teller);

  const std::uint32_t channel_;
  codec::terminal::Terminal terminal_;
  std::size_t since_keyframe_ = 0;  // bytes of output
  std::size_t last_keyframe_bytes_ = 0;
  bool keyframe_due_ = false;
  codec::terminal::Traits told_;  // as of the last TerminalState
  enum class Sight : std::uint8_t { whole, gap_untold, gap_told } sight_ = Sight::whole;
  bool keyframe_follows_gap_ = false;  // the next one
  // A screen that is being told. It may be larger than all that a worker may queue.
  std::string screen_;
  event::Keyframe part_;  // what all its parts have in common
  std::size_t sent_ = 0;
};

}  // namespace sallyport::inspector::terminal
