// SPDX-License-Identifier: Apache-2.0
// Which options are in force on each side of a Telnet connection: the state machine of RFC 1143, which cannot loop,
// with a bound on what a peer can make us say. Untrusted side; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/telnet/protocol.h"

namespace sallyport::codec::telnet {

class Options {
 public:
  /// Answers that one connection gives. An honest peer needs a few dozen.
  static constexpr std::size_t kMaxAnswers = 2048;

  /// What changed by a negotiation.
  enum class Change : std::uint8_t { none, ours_on, ours_off, theirs_on, theirs_off };

  /// A verb that came; the answer, if one is due, is put behind out. Errors: invalid, the peer negotiates without end.
  base::Result<Change> heard(Command verb, std::uint8_t option, base::Bytes& out);
  /// Offers an option of ours, or asks for one of the peer's. Does nothing when it is in force or asked for already.
  void offer(Option option, base::Bytes& out);
  void ask(Option option, base::Bytes& out);

  bool ours(Option option) const { return ours_[slot(option)] == State::yes; }
  bool theirs(Option option) const { return theirs_[slot(option)] == State::yes; }

 private:
  enum class State : std::uint8_t { no, want_yes, yes };
  static constexpr std::array kKnown = {Option::binary, Option::echo, Option::suppress_go_ahead, Option::terminal_type,
                                        Option::window_size};
  static std::optional<Option> known(std::uint8_t option);
  static std::size_t slot(Option option);

  std::array<State, kKnown.size()> ours_{}, theirs_{};
  std::size_t answers_ = 0;
};

}  // namespace sallyport::codec::telnet
